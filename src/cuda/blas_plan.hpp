// SPDX-License-Identifier: Apache-2.0
// Matrix products by cuBLASLt: descriptors and algorithm are chosen once a shape, then run any number of times.
#pragma once

#include <cstdint>
#include <optional>

#include <cublasLt.h>
#include <cuda_runtime_api.h>

#include <slalom/config.hpp>

#include "cuda/handle.hpp"
#include "matrix.hpp"

namespace slalom::cuda {

/// The largest scratch memory an algorithm may want.
inline constexpr std::size_t kBlasWorkspaceBytes = std::size_t{32} << 20U;

/// D[m, n] = op(A)[m, k] op(B)[k, n] and an epilogue, all column-major as cuBLASLt sees memory: a row-major matrix is
/// its transpose.
struct MatmulShape {
  std::int64_t m = 0, n = 0, k = 0;
  bool transpose_a = false, transpose_b = false;
  std::int64_t lda = 0, ldb = 0, ldd = 0;
  Number in = Number::kFloat32;   ///< of A and B
  Number out = Number::kFloat32;  ///< of D; a bias or bias gradient has the same
  cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
  std::int64_t mask_stride = 0;  ///< bits from one column of the ReLU mask to the next; a multiple of 128
};

/// Pointers are aligned to 16 bytes.
struct MatmulOperands {
  const void* a = nullptr;
  const void* b = nullptr;
  void* d = nullptr;
  const void* bias = nullptr;  ///< bias, or where the bias gradient goes
  const void* mask = nullptr;  ///< ReLU mask, written forward, read backward
};

/// What a product runs with.
struct BlasContext {
  cublasLtHandle_t handle = nullptr;
  void* workspace = nullptr;  ///< kBlasWorkspaceBytes
  cudaStream_t stream = nullptr;
};

/// A product of one shape. Only algorithms whose sums have a fixed order are taken: no split of k, or for float32
/// results one whose parts are added in sequence.
class MatmulPlan {
 public:
  /// nullopt if cuBLASLt has no algorithm for the shape and epilogue.
  static std::optional<MatmulPlan> find(cublasLtHandle_t handle, const MatmulShape& shape, Precision precision);

  /// Enqueues the product.
  void run(const MatmulOperands& operands, const BlasContext& context) const;

 private:
  using Description = Owned<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy>;
  using Layout = Owned<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>;

  MatmulPlan() = default;
  [[nodiscard]] bool choose_algorithm(cublasLtHandle_t handle, bool may_split);

  Description description_;
  Layout a_, b_, d_;
  cublasLtMatmulAlgo_t algorithm_{};
};

}  // namespace slalom::cuda
