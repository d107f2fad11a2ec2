// SPDX-License-Identifier: Apache-2.0
// float32 matrix products through oneDNN, threaded so that the result does not depend on the thread count.
#pragma once

#include <cstdint>
#include <memory>

#include "cpu/plain_matmul.hpp"

namespace slalom::cpu {

/// C[m, n] = A[m, k] B[k, n]. The rows of C are cut into tiles by the shape alone; each tile is one single-threaded
/// oneDNN primitive (made once a shape and kept), and OpenMP spreads the tiles over `threads`. No sum is ever split.
class DnnlMatmul {
 public:
  explicit DnnlMatmul(int threads);
  ~DnnlMatmul();
  DnnlMatmul(const DnnlMatmul&) = delete;
  DnnlMatmul& operator=(const DnnlMatmul&) = delete;
  void multiply(std::int64_t m, std::int64_t n, std::int64_t k, Matrix<const float> a, Matrix<const float> b,
                Matrix<float> c);

 private:
  struct Cache;
  std::unique_ptr<Cache> cache_;
  int threads_;
};

}  // namespace slalom::cpu
