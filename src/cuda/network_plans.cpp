// SPDX-License-Identifier: Apache-2.0
// Tries epilogues from the most to the least fused.
#include "cuda/network_plans.hpp"

#include <string>

#include <slalom/error.hpp>

namespace slalom::cuda {
namespace {

/// Finds plans of one network at one number of rows.
class PlanFinder {
 public:
  PlanFinder(cublasLtHandle_t handle, const NetworkShape& shape, std::int64_t rows, bool clean_padding)
      : handle_(handle), shape_(shape), rows_(rows), clean_padding_(clean_padding) {}

  /// `relu`: the epilogue that fuses bias and ReLU, if the layer may use one.
  [[nodiscard]] ForwardPlan forward(std::size_t l, std::optional<cublasLtEpilogue_t> relu) const {
    if (relu) {
      if (auto plan = find(forward_shape(l, *relu, shape_.number()))) {
        return {.product = std::move(*plan), .fused_bias = true, .fused_relu = true};
      }
    }
    if (shape_.layout.layers[l].bias >= 0) {
      if (auto plan = find(forward_shape(l, CUBLASLT_EPILOGUE_BIAS, Number::kFloat32))) {
        return {.product = std::move(*plan), .fused_bias = true};
      }
    }
    return {.product = must_find(forward_shape(l, CUBLASLT_EPILOGUE_DEFAULT, Number::kFloat32))};
  }

  /// The ReLU of hidden layer l, forward in its own product and backward in that of the layer above. Both or neither.
  struct FusedRelu {
    ForwardPlan forward;
    MatmulPlan input_gradient;
    bool bias_gradient = false;
  };
  [[nodiscard]] std::optional<FusedRelu> fused_relu(std::size_t l) const {
    ForwardPlan forward_plan = forward(l, CUBLASLT_EPILOGUE_RELU_AUX_BIAS);
    if (!forward_plan.fused_relu) return std::nullopt;
    // A bias gradient has the type of the derivatives; with bfloat16 it would lose digits that the weight gradient's
    // product, whose result is float32, can keep.
    if (!shape_.halves()) {
      if (auto plan = find(input_gradient_shape(l + 1, CUBLASLT_EPILOGUE_DRELU_BGRAD))) {
        return FusedRelu{std::move(forward_plan), std::move(*plan), true};
      }
    }
    if (auto plan = find(input_gradient_shape(l + 1, CUBLASLT_EPILOGUE_DRELU))) {
      return FusedRelu{std::move(forward_plan), std::move(*plan), false};
    }
    return std::nullopt;
  }

  [[nodiscard]] MatmulPlan input_gradient(std::size_t l) const {
    return must_find(input_gradient_shape(l, CUBLASLT_EPILOGUE_DEFAULT));
  }

  /// With the bias gradient if cuBLASLt can; `has_bias_gradient` says so.
  [[nodiscard]] MatmulPlan weight_gradient(std::size_t l, bool& has_bias_gradient) const {
    if (has_bias_gradient) {
      if (auto plan = find(weight_gradient_shape(l, CUBLASLT_EPILOGUE_BGRADB))) return std::move(*plan);
    }
    has_bias_gradient = false;
    return must_find(weight_gradient_shape(l, CUBLASLT_EPILOGUE_DEFAULT));
  }

 private:
  /// How much of a row of layer l's weights and inputs a product takes: where the padding of both is zero, all.
  [[nodiscard]] std::int64_t input_width(std::size_t l) const {
    return clean_padding_ || l == 0 ? shape_.product.layers[l].width : shape_.layout.layers[l].inputs;
  }
  // Row-major [rows, units] is column-major [units, rows]; weights [out, in] are column-major [in, out].
  [[nodiscard]] MatmulShape forward_shape(std::size_t l, cublasLtEpilogue_t epilogue, Number out) const {
    const LayerView& layer = shape_.layout.layers[l];
    return {.m = layer.outputs,
            .n = rows_,
            .k = input_width(l),
            .transpose_a = true,
            .lda = shape_.product.layers[l].width,
            .ldb = row_stride(layer.inputs),
            .ldd = row_stride(layer.outputs),
            .in = shape_.number(),
            .out = out,
            .epilogue = epilogue,
            .mask_stride = epilogue == CUBLASLT_EPILOGUE_RELU_AUX_BIAS ? mask_stride(layer.outputs) : 0};
  }
  [[nodiscard]] MatmulShape input_gradient_shape(std::size_t l, cublasLtEpilogue_t epilogue) const {
    const LayerView& layer = shape_.layout.layers[l];
    const bool plain = epilogue == CUBLASLT_EPILOGUE_DEFAULT;
    return {.m = input_width(l),
            .n = rows_,
            .k = layer.outputs,
            .lda = shape_.product.layers[l].width,
            .ldb = row_stride(layer.outputs),
            .ldd = row_stride(layer.inputs),
            .in = shape_.number(),
            .out = plain ? Number::kFloat32 : shape_.number(),
            .epilogue = epilogue,
            .mask_stride = plain ? 0 : mask_stride(layer.inputs)};
  }
  [[nodiscard]] MatmulShape weight_gradient_shape(std::size_t l, cublasLtEpilogue_t epilogue) const {
    const LayerView& layer = shape_.layout.layers[l];
    return {.m = input_width(l),
            .n = layer.outputs,
            .k = rows_,
            .transpose_b = true,
            .lda = row_stride(layer.inputs),
            .ldb = row_stride(layer.outputs),
            .ldd = shape_.product.layers[l].width,
            .in = shape_.number(),
            .epilogue = epilogue};
  }

  [[nodiscard]] std::optional<MatmulPlan> find(const MatmulShape& product) const {
    if (product.epilogue != CUBLASLT_EPILOGUE_DEFAULT && !shape_.options.fused_epilogues) return std::nullopt;
    return MatmulPlan::find(handle_, product, shape_.options.precision);
  }
  [[nodiscard]] MatmulPlan must_find(const MatmulShape& product) const {
    auto plan = find(product);
    if (!plan) {
      throw DeviceError("cuBLASLt has no algorithm for a product of " + std::to_string(product.m) + " x " +
                            std::to_string(product.k) + " and " + std::to_string(product.k) + " x " +
                            std::to_string(product.n),
                        ExitCode::kDevice);
    }
    return std::move(*plan);
  }

  cublasLtHandle_t handle_;
  const NetworkShape& shape_;
  std::int64_t rows_;
  bool clean_padding_;
};

}  // namespace

std::vector<LayerPlans> training_plans(cublasLtHandle_t handle, const NetworkShape& shape, std::int64_t rows) {
  const PlanFinder finder(handle, shape, rows, true);
  const ModelSpec& spec = shape.spec;
  const bool may_fuse_relu = spec.activation == Activation::kRelu && !spec.batch_norm && spec.dropout == 0.0;
  std::vector<LayerPlans> plans;
  std::optional<PlanFinder::FusedRelu> below;  // what was fused for the layer before
  for (std::size_t l = 0; l < shape.n_layers(); ++l) {
    std::optional<MatmulPlan> input_gradient;
    if (l > 0) input_gradient = below ? std::move(below->input_gradient) : finder.input_gradient(l);
    below.reset();
    if (may_fuse_relu && !shape.is_last(l)) below = finder.fused_relu(l);

    const bool has_bias = shape.layout.layers[l].bias >= 0;
    const bool from_above = below && below->bias_gradient;
    bool from_weights = has_bias && !from_above;
    MatmulPlan weight_gradient = finder.weight_gradient(l, from_weights);
    const BiasGradient bias_gradient = !has_bias      ? BiasGradient::kNone
                                       : from_above   ? BiasGradient::kInputGradient
                                       : from_weights ? BiasGradient::kWeightGradient
                                                      : BiasGradient::kColumnSum;
    plans.push_back({.forward = below ? std::move(below->forward) : finder.forward(l, std::nullopt),
                     .weight_gradient = std::move(weight_gradient),
                     .input_gradient = std::move(input_gradient),
                     .bias_gradient = bias_gradient});
  }
  return plans;
}

std::vector<ForwardPlan> prediction_plans(cublasLtHandle_t handle, const NetworkShape& shape, std::int64_t rows) {
  // Layers share memory for their inputs; only the first layer's rows come with padding.
  const PlanFinder finder(handle, shape, rows, false);
  const bool may_fuse_relu = shape.spec.activation == Activation::kRelu && !shape.spec.batch_norm;
  std::vector<ForwardPlan> plans;
  for (std::size_t l = 0; l < shape.n_layers(); ++l) {
    const bool fuse = may_fuse_relu && !shape.is_last(l);
    plans.push_back(finder.forward(l, fuse ? std::optional(CUBLASLT_EPILOGUE_RELU_BIAS) : std::nullopt));
  }
  return plans;
}

}  // namespace slalom::cuda
