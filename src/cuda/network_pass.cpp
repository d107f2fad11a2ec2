// SPDX-License-Identifier: Apache-2.0
// The order of launches within a pass.
#include "cuda/network_pass.hpp"

#include "activation.cuh"
#include "batch_gather.cuh"
#include "batch_norm.cuh"
#include "column_sum.cuh"
#include "core/losses.hpp"
#include "loss.cuh"
#include "optimizer.cuh"

namespace slalom::cuda {
namespace {

/// Element `offset` of an arena of either number type.
const void* element(const void* arena, Number number, std::int64_t offset) {
  return static_cast<const char*>(arena) + static_cast<std::size_t>(offset) * size_of(number);
}

/// Where a layer is in a pass.
struct LayerPass {
  const NetworkShape& shape;
  std::size_t layer;
  const ForwardPlan& plan;
  const LayerPlace& place;
  ParameterPointers parameters;
  std::int64_t n_rows;

  [[nodiscard]] const LayerView& view() const { return shape.layout.layers[layer]; }
};

/// The product, to the next layer's input if ReLU is fused, else to z.
void enqueue_product(const LayerPass& pass, const BlasContext& blas) {
  const ProductLayout::Layer& product = pass.shape.product.layers[pass.layer];
  const void* weights = element(pass.parameters.compute, pass.shape.number(), product.weight);
  MatmulOperands operands{.a = weights, .b = pass.place.input.data};
  if (pass.plan.fused_relu) {
    operands.d = pass.place.output.data;
    operands.bias = element(pass.parameters.compute, pass.shape.number(), product.bias);
    operands.mask = pass.place.relu_mask;
  } else {
    operands.d = pass.place.z;
    if (pass.plan.fused_bias) operands.bias = pass.parameters.master + pass.view().bias;
  }
  pass.plan.product.run(operands, blas);
}

/// The bias and activation that no epilogue did; the last layer has no activation.
void enqueue_activation(const LayerPass& pass, const DropoutArguments& dropout, cudaStream_t stream) {
  const LayerView& layer = pass.view();
  launch_activation({.n_rows = pass.n_rows,
                     .units = layer.outputs,
                     .z = pass.place.z,
                     .bias = pass.plan.fused_bias ? nullptr : pass.parameters.master + layer.bias,
                     .activation = pass.shape.spec.activation,
                     .bias_only = pass.shape.is_last(pass.layer),
                     .dropout = dropout,
                     .out = pass.place.output},
                    stream);
}

NormScale scale_of(const LayerView& layer, const float* parameters) {
  return {.gamma = parameters + layer.gamma, .beta = parameters + layer.beta};
}

DropoutArguments dropout_of(const NetworkShape& shape, const StepControl* control, std::size_t layer) {
  return {
      .control = control, .rate = static_cast<float>(shape.spec.dropout), .layer = static_cast<std::uint32_t>(layer)};
}

}  // namespace

ParameterPointers TrainingStep::parameters() const {
  const float* master = memory.parameters[parity];
  return {.master = master, .compute = shape.halves() ? memory.half_parameters : master};
}

DeviceMatrix TrainingStep::delta(std::size_t l) const {
  return {memory.delta[l % 2], row_stride(shape.layout.layers[l].outputs), shape.number()};
}

void TrainingStep::enqueue() const {
  const ModelSpec& spec = shape.spec;
  const std::size_t last = shape.n_layers() - 1;
  launch_batch_gather({.control = memory.control,
                       .x = {.n_features = spec.n_features, .stride = row_stride(spec.n_features)},
                       .n_rows = n_rows,
                       .out = memory.layers[0].input},
                      blas.stream);
  for (std::size_t l = 0; l <= last; ++l) forward(l);
  launch_loss({.control = memory.control,
               .kind = spec.loss.kind,
               .constant = static_cast<float>(core::loss_constant(spec.loss)),
               .n_rows = n_rows,
               .n_outputs = spec.n_outputs,
               .outputs = memory.layers[last].z,
               .delta = delta(last),
               .partials = memory.loss_partials},
              blas.stream);
  for (std::size_t l = last + 1; l-- > 0;) backward(l);
  update();
}

void TrainingStep::forward(std::size_t l) const {
  const LayerPass pass{shape, l, plans[l].forward, memory.layers[l], parameters(), n_rows};
  const LayerView& layer = pass.view();
  enqueue_product(pass, blas);
  if (pass.plan.fused_relu) return;
  const DropoutArguments dropout = dropout_of(shape, memory.control, l);
  if (layer.gamma < 0) return enqueue_activation(pass, dropout, blas.stream);
  const float* now = memory.parameters[parity];
  float* next = memory.parameters[1 - parity];
  launch_batch_norm({.n_rows = n_rows,
                     .units = layer.outputs,
                     .z = pass.place.z,
                     .scale = scale_of(layer, now),
                     .inverse_deviation = pass.place.inverse_deviation,
                     .running_mean = now + layer.running_mean,
                     .running_var = now + layer.running_var,
                     .next_running_mean = next + layer.running_mean,
                     .next_running_var = next + layer.running_var,
                     .activation = shape.spec.activation,
                     .dropout = dropout,
                     .out = pass.place.output},
                    blas.stream);
}

/// From the derivative by layer l's z to its parameters' gradients, and to the derivative by the z of the layer below.
void TrainingStep::backward(std::size_t l) const {
  const LayerView& layer = shape.layout.layers[l];
  const ProductLayout::Layer& product_layer = shape.product.layers[l];
  const LayerPlans& plan = plans[l];
  float* bias_gradient = memory.gradient + product_layer.bias;
  plan.weight_gradient.run({.a = memory.layers[l].input.data,
                            .b = delta(l).data,
                            .d = memory.gradient + product_layer.weight,
                            .bias = plan.bias_gradient == BiasGradient::kWeightGradient ? bias_gradient : nullptr},
                           blas);
  if (plan.bias_gradient == BiasGradient::kColumnSum) {
    launch_column_sum({.n_rows = n_rows, .units = layer.outputs, .values = delta(l), .sums = bias_gradient},
                      blas.stream);
  }
  if (l == 0) return;

  const LayerView& below = shape.layout.layers[l - 1];
  const ProductLayout::Layer& product_below = shape.product.layers[l - 1];
  const LayerPlace& place = memory.layers[l - 1];
  const bool fused = plans[l - 1].forward.fused_relu;
  // Unfused products give float32; with float32 derivatives the kernel after them works in place.
  void* product = fused || !shape.halves() ? delta(l - 1).data : memory.upstream;
  const bool fused_bias = plans[l - 1].bias_gradient == BiasGradient::kInputGradient;
  plan.input_gradient->run({.a = element(parameters().compute, shape.number(), product_layer.weight),
                            .b = delta(l).data,
                            .d = product,
                            .bias = fused_bias ? memory.gradient + product_below.bias : nullptr,
                            .mask = fused ? place.relu_mask : nullptr},
                           blas);
  if (fused) return;
  auto* upstream = static_cast<float*>(product);
  const DropoutArguments dropout = dropout_of(shape, memory.control, l - 1);
  if (below.gamma < 0) {
    launch_activation_gradient({.n_rows = n_rows,
                                .units = below.outputs,
                                .z = place.z,
                                .upstream = upstream,
                                .activation = shape.spec.activation,
                                .dropout = dropout,
                                .delta = delta(l - 1)},
                               blas.stream);
    return;
  }
  launch_batch_norm_gradient({.n_rows = n_rows,
                              .units = below.outputs,
                              .normalised = place.z,
                              .scale = scale_of(below, memory.parameters[parity]),
                              .inverse_deviation = place.inverse_deviation,
                              .upstream = upstream,
                              .activation = shape.spec.activation,
                              .dropout = dropout,
                              .gamma_gradient = memory.gradient + product_below.gamma,
                              .beta_gradient = memory.gradient + product_below.beta,
                              .delta = delta(l - 1)},
                             blas.stream);
}

void TrainingStep::update() const {
  const ParameterLayout& layout = shape.layout;
  if (clips_norm) {
    launch_gradient_norm({.control = memory.control,
                          .n_trainable = layout.n_trainable,
                          .products = memory.products,
                          .gradient = memory.gradient,
                          .partials = memory.norm_partials},
                         blas.stream);
  }
  launch_optimizer({.control = memory.control,
                    .n_weights = layout.n_weights,
                    .n_trainable = layout.n_trainable,
                    .products = memory.products,
                    .gradient = memory.gradient,
                    .parameters = memory.parameters[parity],
                    .next_parameters = memory.parameters[1 - parity],
                    .state = parity == 0 ? nullptr : memory.odd_state,
                    .next_state = parity == 0 ? memory.odd_state : nullptr,
                    .half_parameters = memory.half_parameters,
                    .norm_partials = clips_norm ? memory.norm_partials : nullptr},
                   blas.stream);
}

void PredictionPass::enqueue() const {
  launch_batch_gather({.x = x, .rows = rows, .n_rows = n_rows, .out = memory.layers[0].input}, blas.stream);
  for (std::size_t l = 0; l < shape.n_layers(); ++l) {
    const LayerPass pass{shape, l, plans[l], memory.layers[l], parameters, n_rows};
    const LayerView& layer = pass.view();
    enqueue_product(pass, blas);
    if (pass.plan.fused_relu) continue;
    if (layer.gamma < 0) {
      enqueue_activation(pass, {}, blas.stream);
      continue;
    }
    launch_running_norm({.n_rows = n_rows,
                         .units = layer.outputs,
                         .z = pass.place.z,
                         .scale = scale_of(layer, parameters.master),
                         .running_mean = parameters.master + layer.running_mean,
                         .running_var = parameters.master + layer.running_var,
                         .activation = shape.spec.activation,
                         .out = pass.place.output},
                        blas.stream);
  }
}

}  // namespace slalom::cuda
