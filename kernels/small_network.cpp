// SPDX-License-Identifier: Apache-2.0
// Describes a spec for the small-network kernels.
#include "small_network.hpp"

#include <algorithm>

#include <slalom/model.hpp>

#include "core/losses.hpp"

namespace slalom::cuda {
namespace {

constexpr std::int64_t kMostValues = 65536;  // more than any block's shared memory holds; offsets stay below 2^16

Divider divider_of(int divisor) {
  constexpr std::uint64_t kRange = std::uint64_t{1} << 32U;
  const auto d = static_cast<std::uint64_t>(divisor);
  return {.divisor = static_cast<unsigned>(divisor),
          .factor = divisor == 1 ? 0U : static_cast<unsigned>((kRange + d - 1) / d)};
}

}  // namespace

std::optional<SmallNetwork> small_network(const ModelSpec& spec) {
  if (spec.is_linear() || static_cast<std::int64_t>(spec.hidden.size()) >= kMostSmallLayers) return std::nullopt;
  const ParameterLayout layout(spec);
  if (layout.n_total > kMostValues || spec.n_features > kMostValues) return std::nullopt;

  SmallNetwork net{.n_layers = static_cast<int>(layout.layers.size()),
                   .n_features = static_cast<int>(spec.n_features),
                   .n_outputs = static_cast<int>(spec.n_outputs),
                   .n_targets = spec.loss.kind == LossKind::kCrossEntropy ? 1 : static_cast<int>(spec.n_outputs),
                   .n_weights = static_cast<int>(layout.n_weights),
                   .n_trainable = static_cast<int>(layout.n_trainable),
                   .n_total = static_cast<int>(layout.n_total),
                   .activation = spec.activation,
                   .loss = spec.loss.kind,
                   .loss_constant = static_cast<float>(core::loss_constant(spec.loss)),
                   .dropout = static_cast<float>(spec.dropout),
                   .batch_norm = spec.batch_norm};
  const auto matrix_size = [](const LayerView& layer) {
    return 4 * quads_of(static_cast<int>(layer.outputs)) * small_pitch(static_cast<int>(layer.inputs));
  };
  for (const LayerView& layer : layout.layers) net.vectors += matrix_size(layer);
  int matrix = 0;
  int column = 0;
  for (std::size_t l = 0; l < layout.layers.size(); ++l) {
    const LayerView& from = layout.layers[l];
    const auto vector = [&](std::int64_t offset) {
      return offset < 0 ? -1 : net.vectors + static_cast<int>(offset - layout.n_weights);
    };
    SmallLayer& to = net.layers[l];
    to = {.inputs = static_cast<int>(from.inputs),
          .outputs = static_cast<int>(from.outputs),
          .weight = static_cast<int>(from.weight),
          .matrix = matrix,
          .bias = vector(from.bias),
          .gamma = vector(from.gamma),
          .beta = vector(from.beta),
          .running_mean = vector(from.running_mean),
          .running_var = vector(from.running_var),
          .column = column,
          .inputs_divider = divider_of(static_cast<int>(from.inputs)),
          .quads_divider = divider_of(quads_of(static_cast<int>(from.outputs)))};
    matrix += matrix_size(from);
    column += small_pitch(to.outputs);
  }
  net.hidden_columns = net.layers[net.n_layers - 1].column;
  return net;
}

SmallPredictPlan small_predict_plan(const SmallNetwork& net, int shared_bytes) {
  SmallPredictPlan plan{.tile_rows = 64, .pitch = small_pitch(net.n_features)};
  for (int l = 0; l < net.n_layers; ++l) plan.pitch = std::max(plan.pitch, small_pitch(net.layers[l].outputs));
  for (; plan.tile_rows > 0; plan.tile_rows = plan.tile_rows == 4 ? 0 : plan.tile_rows / 2) {
    plan.total = quads_of(net.values()) * 4 + 2 * plan.tile_rows * plan.pitch;
    if (4 * plan.total <= shared_bytes) break;
  }
  return plan;
}

}  // namespace slalom::cuda
