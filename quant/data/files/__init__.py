"""Files of prices that people bring: read, understood, judged row by row, and never repaired in silence."""
