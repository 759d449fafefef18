"""What is handed to others of an answer: a page that opens offline, and a tear sheet to print; one content for both."""
