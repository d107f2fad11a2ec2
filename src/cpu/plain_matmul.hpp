// SPDX-License-Identifier: Apache-2.0
// Matrix products as three plain loops, in any arithmetic: the yardstick.
#pragma once

#include <cstdint>

namespace slalom::cpu {

/// A strided view of a matrix: element (i, j) is data[i * row_stride + j * col_stride].
template <class T>
struct Matrix {
  T* data = nullptr;
  std::int64_t row_stride = 0;
  std::int64_t col_stride = 1;
  T& operator()(std::int64_t i, std::int64_t j) const { return data[i * row_stride + j * col_stride]; }
};

/// C[m, n] = A[m, k] B[k, n], every sum in index order.
template <class Real>
void multiply(std::int64_t m, std::int64_t n, std::int64_t k, Matrix<const Real> a, Matrix<const Real> b,
              Matrix<Real> c) {
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      Real sum = Real(0);
      for (std::int64_t l = 0; l < k; ++l) sum += a(i, l) * b(l, j);
      c(i, j) = sum;
    }
  }
}

}  // namespace slalom::cpu
