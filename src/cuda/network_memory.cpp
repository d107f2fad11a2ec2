// SPDX-License-Identifier: Apache-2.0
// Counts, allocates and clears the memory of the network engine.
#include "cuda/network_memory.hpp"

#include <algorithm>

#include "cuda/blas_plan.hpp"
#include "cuda/check.hpp"
#include "loss.cuh"
#include "optimizer.cuh"

namespace slalom::cuda {
namespace {

/// Floats or bfloat16 numbers as bytes.
std::int64_t bytes_of(std::int64_t count, Number number) { return count * static_cast<std::int64_t>(size_of(number)); }

/// Padding of rows is read together with them and must be something.
class Clearer {
 public:
  Clearer(const Arena& arena, cudaStream_t stream) : arena_(arena), stream_(stream) {}
  template <class T>
  void operator()(Piece<T> piece) const {
    if (arena_.count(piece) == 0) return;
    SLALOM_CHECK(cudaMemsetAsync(arena_.pointer(piece), 0, arena_.count(piece) * sizeof(T), stream_));
  }

 private:
  const Arena& arena_;
  cudaStream_t stream_;
};

/// Null if products take the arena's layout.
const ProductTensor* send_products(const Arena& arena, Piece<ProductTensor> piece, const NetworkShape& shape,
                                   cudaStream_t stream) {
  const std::vector<ProductTensor>& tensors = shape.product.tensors;
  if (tensors.empty()) return nullptr;
  SLALOM_CHECK(cudaMemcpyAsync(arena.pointer(piece), tensors.data(), tensors.size() * sizeof(ProductTensor),
                               cudaMemcpyHostToDevice, stream));
  return arena.pointer(piece);
}

std::int64_t widest_stride(const NetworkShape& shape) {
  std::int64_t widest = 0;
  for (const LayerView& layer : shape.layout.layers) widest = std::max(widest, row_stride(layer.outputs));
  return widest;
}

}  // namespace

TrainingMemory::TrainingMemory(const NetworkShape& shape, std::int64_t n_rows, cudaStream_t stream) : rows(n_rows) {
  const ParameterLayout& layout = shape.layout;
  const Number number = shape.number();
  const std::int64_t widest = widest_stride(shape);
  struct LayerPieces {
    Piece<char> input;
    Piece<float> z;
    Piece<char> relu_mask;
    Piece<float> inverse_deviation;
  };
  ArenaLayout memory;
  const auto control_piece = memory.add<StepControl>(1);
  const std::array parameter_pieces{memory.add<float>(layout.n_total), memory.add<float>(layout.n_total)};
  const auto state_piece = memory.add<float>(shape.options.max_slots * layout.n_trainable);
  const auto product_piece = memory.add<ProductTensor>(std::ssize(shape.product.tensors));
  const auto half_piece = memory.add<char>(shape.halves() ? bytes_of(shape.product.size, number) : 0);
  const auto gradient_piece = memory.add<float>(shape.product.size);
  std::vector<LayerPieces> layer_pieces;
  for (const LayerView& layer : layout.layers) {
    layer_pieces.push_back({.input = memory.add<char>(bytes_of(rows * row_stride(layer.inputs), number)),
                            .z = memory.add<float>(rows * row_stride(layer.outputs)),
                            .relu_mask = memory.add<char>(rows * mask_stride(layer.outputs) / 8),
                            .inverse_deviation = memory.add<float>(layer.gamma >= 0 ? layer.outputs : 0)});
  }
  const std::array delta_pieces{memory.add<char>(bytes_of(rows * widest, number)),
                                memory.add<char>(bytes_of(rows * widest, number))};
  const auto upstream_piece = memory.add<float>(shape.halves() ? rows * widest : 0);
  const auto loss_piece = memory.add<double>(kMostLossBlocks);
  const auto norm_piece = memory.add<double>(kMostNormBlocks);
  const auto workspace_piece = memory.add<char>(static_cast<std::int64_t>(kBlasWorkspaceBytes));
  arena_ = Arena(memory, MemoryKind::kDevice);

  control = arena_.pointer(control_piece);
  odd_state = arena_.pointer(state_piece);
  half_parameters = arena_.pointer(half_piece);
  gradient = arena_.pointer(gradient_piece);
  upstream = arena_.pointer(upstream_piece);
  loss_partials = arena_.pointer(loss_piece);
  norm_partials = arena_.pointer(norm_piece);
  workspace = arena_.pointer(workspace_piece);
  const Clearer clear(arena_, stream);
  products = send_products(arena_, product_piece, shape, stream);
  clear(control_piece);
  clear(half_piece);
  clear(gradient_piece);
  clear(upstream_piece);
  for (std::size_t i = 0; i < 2; ++i) {
    parameters[i] = arena_.pointer(parameter_pieces[i]);
    delta[i] = arena_.pointer(delta_pieces[i]);
    clear(parameter_pieces[i]);
    clear(delta_pieces[i]);
  }
  for (std::size_t l = 0; l < layer_pieces.size(); ++l) {
    const LayerPieces& pieces = layer_pieces[l];
    const LayerView& layer = layout.layers[l];
    layers.push_back({.input = {arena_.pointer(pieces.input), row_stride(layer.inputs), number},
                      .z = arena_.pointer(pieces.z),
                      .relu_mask = arena_.pointer(pieces.relu_mask),
                      .inverse_deviation = arena_.pointer(pieces.inverse_deviation)});
    if (l > 0) layers[l - 1].output = layers[l].input;
    clear(pieces.input);
    clear(pieces.z);
    clear(pieces.relu_mask);
  }
}

PredictionMemory::PredictionMemory(const NetworkShape& shape, std::int64_t n_rows, cudaStream_t stream) : rows(n_rows) {
  const ParameterLayout& layout = shape.layout;
  const Number number = shape.number();
  const std::int64_t widest = std::max(widest_stride(shape), row_stride(shape.spec.n_features));
  ArenaLayout memory;
  const auto product_piece = memory.add<ProductTensor>(std::ssize(shape.product.tensors));
  const auto half_piece = memory.add<char>(shape.halves() ? bytes_of(shape.product.size, number) : 0);
  const std::array activation_pieces{memory.add<char>(bytes_of(rows * widest, number)),
                                     memory.add<char>(bytes_of(rows * widest, number))};
  const auto z_piece = memory.add<float>(rows * widest);
  const auto workspace_piece = memory.add<char>(static_cast<std::int64_t>(kBlasWorkspaceBytes));
  arena_ = Arena(memory, MemoryKind::kDevice);

  half_parameters = arena_.pointer(half_piece);
  workspace = arena_.pointer(workspace_piece);
  const Clearer clear(arena_, stream);
  products = send_products(arena_, product_piece, shape, stream);
  clear(half_piece);
  clear(z_piece);
  for (const auto& piece : activation_pieces) clear(piece);
  for (std::size_t l = 0; l < layout.layers.size(); ++l) {
    layers.push_back({.input = {arena_.pointer(activation_pieces[l % 2]), row_stride(layout.layers[l].inputs), number},
                      .z = arena_.pointer(z_piece)});
    if (l > 0) layers[l - 1].output = layers[l].input;
  }
}

}  // namespace slalom::cuda
