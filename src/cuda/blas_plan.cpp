// SPDX-License-Identifier: Apache-2.0
// Describes products to cuBLASLt and asks it for algorithms.
#include "cuda/blas_plan.hpp"

#include <array>

#include "cuda/check.hpp"

namespace slalom::cuda {
namespace {

constexpr std::uint32_t kOperandAlignment = 16;  // bytes, of every operand

cudaDataType_t type_of(Number number) { return number == Number::kFloat32 ? CUDA_R_32F : CUDA_R_16BF; }

template <class Value>
void set(cublasLtMatmulDesc_t description, cublasLtMatmulDescAttributes_t attribute, const Value& value) {
  SLALOM_CHECK(cublasLtMatmulDescSetAttribute(description, attribute, &value, sizeof value));
}
template <class Value>
void set(cublasLtMatmulPreference_t preference, cublasLtMatmulPreferenceAttributes_t attribute, const Value& value) {
  SLALOM_CHECK(cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value, sizeof value));
}

cublasLtMatrixLayout_t make_layout(Number number, std::int64_t rows, std::int64_t cols, std::int64_t stride) {
  cublasLtMatrixLayout_t layout = nullptr;
  SLALOM_CHECK(cublasLtMatrixLayoutCreate(&layout, type_of(number), static_cast<std::uint64_t>(rows),
                                          static_cast<std::uint64_t>(cols), stride));
  return layout;
}

/// Epilogues with a bias vector, added or written.
bool has_bias(cublasLtEpilogue_t epilogue) {
  return epilogue != CUBLASLT_EPILOGUE_DEFAULT && epilogue != CUBLASLT_EPILOGUE_RELU &&
         epilogue != CUBLASLT_EPILOGUE_RELU_AUX && epilogue != CUBLASLT_EPILOGUE_DRELU;
}

}  // namespace

std::optional<MatmulPlan> MatmulPlan::find(cublasLtHandle_t handle, const MatmulShape& shape, Precision precision) {
  const cublasComputeType_t compute = precision == Precision::kTf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
  MatmulPlan plan;
  cublasLtMatmulDesc_t description = nullptr;
  SLALOM_CHECK(cublasLtMatmulDescCreate(&description, compute, CUDA_R_32F));
  plan.description_.reset(description);
  const cublasOperation_t operation_a = shape.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N;
  const cublasOperation_t operation_b = shape.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N;
  set(description, CUBLASLT_MATMUL_DESC_TRANSA, operation_a);
  set(description, CUBLASLT_MATMUL_DESC_TRANSB, operation_b);
  set(description, CUBLASLT_MATMUL_DESC_EPILOGUE, shape.epilogue);
  // The search looks at the pointers' alignment, not at what they point to.
  const std::uintptr_t aligned = kOperandAlignment;
  if (has_bias(shape.epilogue)) {
    set(description, CUBLASLT_MATMUL_DESC_BIAS_POINTER, aligned);
    set(description, CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, static_cast<std::int32_t>(type_of(shape.out)));
  }
  if (shape.mask_stride > 0) {
    set(description, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, aligned);
    set(description, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, shape.mask_stride);
  }
  const auto layout = [](Number number, bool transposed, std::int64_t rows, std::int64_t cols, std::int64_t stride) {
    return Layout(transposed ? make_layout(number, cols, rows, stride) : make_layout(number, rows, cols, stride));
  };
  plan.a_ = layout(shape.in, shape.transpose_a, shape.m, shape.k, shape.lda);
  plan.b_ = layout(shape.in, shape.transpose_b, shape.k, shape.n, shape.ldb);
  plan.d_ = layout(shape.out, false, shape.m, shape.n, shape.ldd);
  if (!plan.choose_algorithm(handle, shape.out == Number::kFloat32)) return std::nullopt;
  return plan;
}

bool MatmulPlan::choose_algorithm(cublasLtHandle_t handle, bool may_split) {
  cublasLtMatmulPreference_t made = nullptr;
  SLALOM_CHECK(cublasLtMatmulPreferenceCreate(&made));
  const Owned<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy> preference(made);
  set(made, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, static_cast<std::uint64_t>(kBlasWorkspaceBytes));
  // Parts of a split sum may be added in place, one after another; the other schemes would add a second kernel, and in
  // place means rounding to D's type, so D must be float32.
  const std::uint32_t schemes = may_split ? CUBLASLT_REDUCTION_SCHEME_INPLACE : CUBLASLT_REDUCTION_SCHEME_NONE;
  set(made, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, schemes);
  for (const auto operand : {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
                             CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES}) {
    set(made, operand, kOperandAlignment);
  }
  std::array<cublasLtMatmulHeuristicResult_t, 4> found{};  // best first
  int n_found = 0;
  const cublasStatus_t status =
      cublasLtMatmulAlgoGetHeuristic(handle, description_.get(), a_.get(), b_.get(), d_.get(), d_.get(), made,
                                     static_cast<int>(found.size()), found.data(), &n_found);
  // What there is no fused product for is told by one of these, depending on the version.
  if (status == CUBLAS_STATUS_NOT_SUPPORTED || status == CUBLAS_STATUS_INVALID_VALUE ||
      status == CUBLAS_STATUS_ARCH_MISMATCH) {
    return false;
  }
  SLALOM_CHECK(status);
  for (int i = 0; i < n_found; ++i) {
    const cublasLtMatmulHeuristicResult_t& result = found.at(static_cast<std::size_t>(i));
    if (result.state != CUBLAS_STATUS_SUCCESS) continue;
    algorithm_ = result.algo;
    return true;
  }
  return false;
}

void MatmulPlan::run(const MatmulOperands& operands, const BlasContext& context) const {
  // Descriptors are read during the call, so one plan serves any number of places.
  if (operands.bias != nullptr) set(description_.get(), CUBLASLT_MATMUL_DESC_BIAS_POINTER, operands.bias);
  if (operands.mask != nullptr) set(description_.get(), CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, operands.mask);
  const float one = 1.0F;
  const float zero = 0.0F;
  SLALOM_CHECK(cublasLtMatmul(context.handle, description_.get(), &one, operands.a, a_.get(), operands.b, b_.get(),
                              &zero, operands.d, d_.get(), operands.d, d_.get(), &algorithm_, context.workspace,
                              kBlasWorkspaceBytes, context.stream));
}

}  // namespace slalom::cuda
