// SPDX-License-Identifier: Apache-2.0
// Linear least squares in closed form, for comparison.
#pragma once

#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <vector>

namespace slalom::testing {

/// The c that minimises |A c - b|^2 by the normal equations and Cholesky's factorisation, in float64. A: rows of equal
/// length, of full column rank and moderate condition.
inline std::vector<double> least_squares(const std::vector<std::vector<double>>& a, const std::vector<double>& b) {
  const std::size_t d = a.at(0).size();
  std::vector<std::vector<double>> m(d, std::vector<double>(d, 0.0));  // A^T A, then its factor L
  std::vector<double> c(d, 0.0);                                       // A^T b, then the solution
  for (std::size_t r = 0; r < a.size(); ++r) {
    for (std::size_t i = 0; i < d; ++i) {
      c[i] += a[r][i] * b[r];
      for (std::size_t j = 0; j <= i; ++j) m[i][j] += a[r][i] * a[r][j];
    }
  }
  for (std::size_t i = 0; i < d; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = m[i][j];
      for (std::size_t k = 0; k < j; ++k) sum -= m[i][k] * m[j][k];
      if (i == j && !(sum > 0.0)) throw std::runtime_error("least_squares: the columns are dependent");
      m[i][j] = i == j ? std::sqrt(sum) : sum / m[j][j];
    }
  }
  for (std::size_t i = 0; i < d; ++i) {  // L y = A^T b
    for (std::size_t k = 0; k < i; ++k) c[i] -= m[i][k] * c[k];
    c[i] /= m[i][i];
  }
  for (std::size_t i = d; i-- > 0;) {  // L^T c = y
    for (std::size_t k = i + 1; k < d; ++k) c[i] -= m[k][i] * c[k];
    c[i] /= m[i][i];
  }
  return c;
}

}  // namespace slalom::testing
