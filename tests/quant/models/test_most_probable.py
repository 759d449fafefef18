import numpy as np

from quant.models.most_probable import MostProbable


class Fixed(MostProbable):
    classes_ = np.array([-1, 0, 1])

    def predict_proba(self, rows):
        return np.asarray(rows)


def test_the_most_probable_class_is_said_and_of_equals_the_first():
    rows = [[0.2, 0.3, 0.5], [0.6, 0.3, 0.1], [0.25, 0.375, 0.375]]
    assert Fixed().predict(rows).tolist() == [1, -1, 0]
