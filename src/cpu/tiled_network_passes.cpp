// SPDX-License-Identifier: Apache-2.0
// The phases of a network's forward and backward pass. Between two phases all threads meet.
#include <algorithm>
#include <cassert>
#include <cmath>
#include <tuple>

#include "cpu/tiled_network_engine.hpp"

namespace slalom::cpu {
namespace {

constexpr std::int64_t kGatherRows = 32;
constexpr std::int64_t kLine = 16;  ///< floats of a cache line

/// Shares out the products of blocks of `block_rows` rows with `panels` panels. Calls body(row, rows, first panel, end)
/// for panels of one block.
template <class Body>
void share_products(const Crew& crew, std::int64_t n_rows, std::int64_t block_rows, std::int64_t panels, Body&& body) {
  crew.share(core::ceil_div(n_rows, block_rows) * panels, [&](std::int64_t first, std::int64_t last) {
    while (first < last) {
      const std::int64_t block = first / panels;
      const std::int64_t end = std::min(last, (block + 1) * panels);
      const std::int64_t row = block * block_rows;
      body(row, std::min(block_rows, n_rows - row), first - block * panels, end - block * panels);
      first = end;
    }
  });
}

/// A of a product is in rows of product.a_row floats: as it lies, or packed if the products want that.
void take_rows(const ProductKernels& products, const float* rows, AlignedFloats& tiles, Product& product) {
  product.a = rows;
  if (products.pack_left == nullptr) return;
  assert(products.tiles_floats(product.m, product.k) <= static_cast<std::int64_t>(tiles.size()));
  products.pack_left(rows, product.a_row, product.k, product.m, tiles.data());
  product.a = tiles.data();
  product.a_in_tiles = true;
}

/// Rows of a batch in a block of A [rows, k]. Many threads get a block each, so that each packs a part of A.
std::int64_t rows_of_block(const ProductKernels& products, std::int64_t rows, std::int64_t k, int threads) {
  const std::int64_t whole = products.block_rows(rows, k);
  if (threads <= kFewThreads || products.pack_left == nullptr) return whole;
  return std::min(whole, core::round_up(core::ceil_div(rows, std::int64_t{threads}), products.tile));
}

/// Outputs of a block of a weight gradient of depth k. Where they can be shared evenly every thread gets a block at least:
/// it then computes whole rows, of weights that it updates and packs.
std::int64_t rows_of_gradient(const ProductKernels& products, std::int64_t outputs, std::int64_t k, int threads) {
  const std::int64_t share = core::round_up(core::ceil_div(outputs, std::int64_t{threads}), products.tile);
  const bool even = 10 * share * threads <= 11 * outputs;
  return std::min(products.block_rows(outputs, k), even ? share : outputs);
}

/// `operand`, packed into `panels` beforehand, or at need if no thread packs a panel twice and at most kFewThreads do.
RightOperand packed_in_time(RightOperand operand, bool training, std::int64_t blocks, const Crew& crew,
                            std::span<float> panels) {
  const bool at_need = training && crew.size() <= kFewThreads && blocks <= crew.size();
  if (!at_need) operand.packed = panels.data();
  return operand;
}

}  // namespace

RightOperand TiledNetworkEngine::weights_right(const Batch& batch, std::size_t l, bool transposed,
                                               const Crew& crew) const {
  const LayerView& view = layout_.layers[l];
  const RightOperand operand{.products = products_of(l, batch),
                             .from = batch.parameters + view.weight,
                             .row = view.inputs,
                             .k = transposed ? view.inputs : view.outputs,
                             .n = transposed ? view.outputs : view.inputs,
                             .transposed = transposed};
  const std::int64_t block = rows_of_block(operand.products, batch.n, operand.k, crew.size());
  return packed_in_time(operand, batch.running != nullptr, core::ceil_div(batch.n, block), crew,
                        transposed ? buffers_.layers[l].forward : buffers_.layers[l].backward);
}

RightOperand TiledNetworkEngine::gradient_right(const Batch& batch, std::size_t l, const Crew& crew) const {
  const LayerView& view = layout_.layers[l];
  const LayerBuffers& layer = buffers_.layers[l];
  const bool in_place = l == 0 && reads_in_place(batch, crew);
  const RightOperand operand{.products = products_of(l, batch),
                             .from = layer.input.data(),
                             .rows = in_place ? scratch_[static_cast<std::size_t>(crew.rank())].rows.data() : nullptr,
                             .row = layer.input_row,
                             .k = batch.n,
                             .n = view.inputs};
  const std::int64_t block = rows_of_gradient(operand.products, view.outputs, operand.k, crew.size());
  return packed_in_time(operand, batch.running != nullptr, core::ceil_div(view.outputs, block), crew,
                        layer.input_panels);
}

/// Weights in the order of the products that read them, and biases with room behind.
void TiledNetworkEngine::pack_weights(const Batch& batch, const Crew& crew) {
  for (std::size_t l = 0; l < layout_.layers.size(); ++l) {
    const LayerView& view = layout_.layers[l];
    LayerBuffers& layer = buffers_.layers[l];
    if (!layer.forward.empty()) weights_right(batch, l, true, crew).pack_ahead(crew);
    if (!layer.backward.empty() && batch.running != nullptr) weights_right(batch, l, false, crew).pack_ahead(crew);
    if (crew.rank() == 0 && view.bias >= 0) {
      std::copy_n(batch.parameters + view.bias, view.outputs, layer.bias.data());
    }
  }
}

bool TiledNetworkEngine::reads_in_place(const Batch& batch, const Crew& crew) const {
  const ProductKernels& products = products_of(0, batch);
  const bool can = products.pack_left_rows != nullptr && products.pack_rows != nullptr;
  return batch.running != nullptr && can && crew.size() <= kFewThreads &&
         products.block_rows(batch.n, view_.n_features) >= batch.n;
}

void TiledNetworkEngine::gather(const Batch& batch, const Crew& crew) {
  LayerBuffers& layer = buffers_.layers.front();
  if (reads_in_place(batch, crew)) {
    ThreadScratch& scratch = scratch_[static_cast<std::size_t>(crew.rank())];
    assert(batch.n <= static_cast<std::int64_t>(scratch.rows.size()));
    std::transform(batch.rows, batch.rows + batch.n, scratch.rows.begin(),
                   [&](std::uint32_t row) { return batch.x.row(static_cast<std::int64_t>(row)); });
    return;
  }
  crew.share(core::ceil_div(batch.n, kGatherRows), [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t g = first; g < last; ++g) {
      const std::int64_t begin = g * kGatherRows;
      const std::int64_t end = std::min(batch.n, begin + kGatherRows);
      float* input = layer.input.data() + begin * layer.input_row;
      for (std::int64_t i = begin; i < end; ++i) {
        const std::int64_t row = batch.rows == nullptr ? batch.first + i : static_cast<std::int64_t>(batch.rows[i]);
        std::copy_n(batch.x.row(row), view_.n_features, input + (i - begin) * layer.input_row);
      }
    }
  });
}

/// The hidden layers.
void TiledNetworkEngine::forward(const Batch& batch, Crew& crew) {
  ThreadScratch& scratch = scratch_[static_cast<std::size_t>(crew.rank())];
  for (std::size_t l = 0; l + 1 < layout_.layers.size(); ++l) {
    const LayerView& view = layout_.layers[l];
    LayerBuffers& layer = buffers_.layers[l];
    LayerBuffers& above = buffers_.layers[l + 1];
    const ProductKernels& products = products_of(l, batch);
    const RightOperand weights = weights_right(batch, l, true, crew);
    const std::int64_t panels = weights.panels();
    Product product{.n = view.outputs,
                    .k = view.inputs,
                    .a_row = layer.input_row,
                    .c_row = plain_relu_ ? above.input_row : layer.row,
                    .c_width = panels * products.panel,
                    .finish = plain_relu_       ? Finish::kAddBiasAndRelu
                              : view.gamma >= 0 ? Finish::kStore
                                                : Finish::kAddBias,
                    .operand = layer.bias.data()};
    share_products(crew, batch.n, rows_of_block(products, batch.n, product.k, crew.size()), panels,
                   [&](std::int64_t row, std::int64_t n, std::int64_t first, std::int64_t end) {
                     product.m = n;
                     if (l == 0 && reads_in_place(batch, crew)) {
                       assert(products.tiles_floats(n, product.k) <= static_cast<std::int64_t>(scratch.tiles.size()));
                       products.pack_left_rows(scratch.rows.data() + row, product.k, n, scratch.tiles.data());
                       product.a = scratch.tiles.data();
                       product.a_in_tiles = true;
                     } else {
                       take_rows(products, layer.input.data() + row * layer.input_row, scratch.tiles, product);
                     }
                     product.c = (plain_relu_ ? above.input.data() : layer.z.data()) + row * product.c_row;
                     std::ignore = weights.multiply(product, first, end, scratch.panel.data());
                   });
    if (batch.running != nullptr && !turns_gradient(batch, l)) gradient_right(batch, l, crew).pack_ahead(crew);
    crew.meet();
    if (plain_relu_) continue;
    if (view.gamma >= 0) {
      normalise(batch, l, crew, false);
      crew.meet();
    }
    core::DropoutKey key = batch.dropout;
    key.layer = static_cast<std::uint32_t>(l);
    crew.share(core::ceil_div(batch.n, kGatherRows), [&](std::int64_t first, std::int64_t last) {
      const std::int64_t row = first * kGatherRows;
      activate_({.z = layer.z.data() + row * layer.row,
                 .h = above.input.data() + row * above.input_row,
                 .z_row = layer.row,
                 .h_row = above.input_row,
                 .rows = std::min(batch.n, last * kGatherRows) - row,
                 .columns = view.outputs,
                 .first_row = row,
                 .dropout = batch.running != nullptr ? static_cast<float>(spec_.dropout) : 0.0F,
                 .key = &key});
    });
    crew.meet();
  }
}

/// The last layer, and in training the losses: what is left in buffers_.outputs are derivatives then.
void TiledNetworkEngine::outputs(const Batch& batch, Crew& crew) {
  const LayerView& view = layout_.layers.back();
  const LayerBuffers& layer = buffers_.layers.back();
  const ProductKernels& products = products_of(layout_.layers.size() - 1, batch);
  const std::int64_t panel = products.panel;
  ThreadScratch& scratch = scratch_[static_cast<std::size_t>(crew.rank())];
  const std::int64_t row_of_outputs = buffers_.outputs_row;
  Product product{.m = view.outputs,
                  .k = view.inputs,
                  .a = batch.parameters + view.weight,
                  .a_row = view.inputs,
                  .panels = scratch.panel.data(),
                  .c_row = row_of_outputs,
                  .c_width = panel};
  crew.share(core::ceil_div(batch.n, kMostTile), [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t b = first; b < last; ++b) {
      const std::int64_t begin = b * kMostTile;
      const std::int64_t end = std::min(batch.n, begin + kMostTile);
      for (std::int64_t row = begin; row < end; row += panel) {
        product.n = std::min(panel, end - row);
        product.c = buffers_.outputs.data() + row;
        products.pack_transposed(layer.input.data() + row * layer.input_row, layer.input_row, view.inputs, product.n,
                                 scratch.panel.data());
        products.multiply(product, 0, 1);
      }
      for (std::int64_t j = 0; j < view.outputs; ++j) {
        float* z = buffers_.outputs.data() + j * row_of_outputs;
        const float bias = batch.parameters[view.bias + j];
        for (std::int64_t i = begin; i < end; ++i) z[i] += bias;
      }
      if (batch.running == nullptr) continue;
      const LinearPass pass{
          .rows = batch.rows + begin, .n = end - begin, .batch_rows = batch.n, .scratch = scratch.loss.data()};
      buffers_.losses[static_cast<std::size_t>(b)] =
          loss_(losses_, pass, buffers_.outputs.data() + begin, row_of_outputs);
    }
  });
  if (batch.running != nullptr) gradient_right(batch, layout_.layers.size() - 1, crew).pack_ahead(crew);
  crew.meet();
}

/// From the derivatives in buffers_.outputs to gradient_.
void TiledNetworkEngine::backward(const Batch& batch, Crew& crew) {
  for (std::size_t l = layout_.layers.size(); l-- > 0;) {
    if (l > 0) delta_below(batch, l, crew);
    weight_gradient(batch, l, crew);
    bias_gradient(batch, l, crew);
    crew.meet();
    if (l > 0 && layout_.layers[l - 1].gamma >= 0) {
      normalise(batch, l - 1, crew, true);
      crew.meet();
    }
  }
}

/// Derivatives by what layer l - 1's product gave (or its normalisation), from those of layer l.
void TiledNetworkEngine::delta_below(const Batch& batch, std::size_t l, const Crew& crew) {
  const bool last_layer = l + 1 == layout_.layers.size();
  const LayerView& view = layout_.layers[l];
  LayerBuffers& layer = buffers_.layers[l];
  LayerBuffers& below = buffers_.layers[l - 1];
  const ProductKernels& products = products_of(l, batch);
  const RightOperand weights = weights_right(batch, l, false, crew);
  const std::int64_t panels = weights.panels();
  const float* slopes = plain_relu_ ? layer.input.data() : below.z.data();
  Product product{.n = view.inputs,
                  .k = view.outputs,
                  .a_row = last_layer ? 1 : layer.row,
                  .a_step = last_layer ? buffers_.outputs_row : 1,
                  .c_row = below.row,
                  .c_width = panels * products.panel,
                  .finish = plain_relu_ ? Finish::kGate : Finish::kScale,
                  .operand_row = plain_relu_ ? layer.input_row : below.row};
  ThreadScratch& scratch = scratch_[static_cast<std::size_t>(crew.rank())];
  share_products(crew, batch.n, rows_of_block(products, batch.n, product.k, crew.size()), panels,
                 [&](std::int64_t row, std::int64_t n, std::int64_t first, std::int64_t end) {
                   product.m = n;
                   take_rows(products,
                             (last_layer ? buffers_.outputs.data() : layer.delta.data()) + row * product.a_row,
                             scratch.tiles, product);
                   product.c = below.delta.data() + row * below.row;
                   product.operand = slopes + row * product.operand_row;
                   std::ignore = weights.multiply(product, first, end, scratch.panel.data());
                 });
}

bool TiledNetworkEngine::turns_gradient(const Batch& batch, std::size_t l) const {
  const LayerView& view = layout_.layers[l];
  const ProductKernels& products = products_of(l, batch);
  const bool hidden = l + 1 < layout_.layers.size();
  const std::int64_t half = products.panel / 2;  // products leave out half a panel
  const bool less_work =
      view.inputs * core::ceil_div(view.outputs, half) < view.outputs * core::ceil_div(view.inputs, half);
  return hidden && products.pack_left == nullptr && view.inputs < products.panel && less_work;
}

/// As weight_gradient(), by panels of outputs: [inputs, outputs] = input^T delta, turned when it is stored.
void TiledNetworkEngine::turned_weight_gradient(const Batch& batch, std::size_t l, const Crew& crew) {
  const LayerView& view = layout_.layers[l];
  const LayerBuffers& layer = buffers_.layers[l];
  const ProductKernels& products = products_of(l, batch);
  const std::int64_t panel = products.panel;
  const std::int64_t panels = core::ceil_div(view.outputs, panel);
  ThreadScratch& scratch = scratch_[static_cast<std::size_t>(crew.rank())];
  crew.share(panels, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t p = first; p < last; ++p) {
      const std::int64_t output = p * panel;
      const RightOperand delta{.products = products,
                               .from = layer.delta.data() + output,
                               .row = layer.row,
                               .k = batch.n,
                               .n = std::min(panel, view.outputs - output)};
      const Product product{.m = view.inputs,
                            .n = delta.n,
                            .k = batch.n,
                            .a = layer.input.data(),
                            .a_row = 1,
                            .a_step = layer.input_row,
                            .c = scratch.turned.data(),
                            .c_row = panel,
                            .c_width = panel};
      if (l == 0) prefetch(batch, p, panels);
      if (!delta.multiply(product, 0, 1, scratch.panel.data())) scratch.finite = false;
      float* gradient = gradient_.data() + view.weight + output * view.inputs;
      for (std::int64_t j = 0; j < delta.n; ++j) {
        for (std::int64_t i = 0; i < view.inputs; ++i) gradient[j * view.inputs + i] = product.c[i * panel + j];
      }
    }
  });
}

void TiledNetworkEngine::weight_gradient(const Batch& batch, std::size_t l, const Crew& crew) {
  if (turns_gradient(batch, l)) return turned_weight_gradient(batch, l, crew);
  const bool last_layer = l + 1 == layout_.layers.size();
  const LayerView& view = layout_.layers[l];
  const LayerBuffers& layer = buffers_.layers[l];
  const ProductKernels& products = products_of(l, batch);
  const RightOperand input = gradient_right(batch, l, crew);
  const std::int64_t panels = input.panels();
  ThreadScratch& scratch = scratch_[static_cast<std::size_t>(crew.rank())];
  Product product{.n = view.inputs,
                  .k = batch.n,
                  .a_row = buffers_.outputs_row,
                  .a_in_tiles = !last_layer,
                  .c_row = view.inputs,
                  .c_width = view.inputs};
  const std::int64_t block_rows = rows_of_gradient(products, view.outputs, product.k, crew.size());
  const std::int64_t blocks = core::ceil_div(view.outputs, block_rows);
  share_products(crew, view.outputs, block_rows, panels,
                 [&](std::int64_t output, std::int64_t n, std::int64_t first, std::int64_t end) {
                   product.m = n;
                   product.a = buffers_.outputs.data() + output * buffers_.outputs_row;
                   if (!last_layer) {
                     products.pack_left_transposed(layer.delta.data() + output, layer.row, batch.n, n,
                                                   scratch.tiles.data());
                     product.a = scratch.tiles.data();
                   }
                   product.c = gradient_.data() + view.weight + output * view.inputs;
                   for (std::int64_t p = first; p < end; ++p) {
                     if (l == 0) prefetch(batch, output / block_rows * panels + p, blocks * panels);
                     if (!input.multiply(product, p, p + 1, scratch.panel.data())) scratch.finite = false;
                   }
                 });
}

/// A part of the next batch's rows, a little at a time: they come from memory while products are computed.
void TiledNetworkEngine::prefetch(const Batch& batch, std::int64_t part, std::int64_t parts) const {
  if (!needs_prefetching(view_.n_rows, view_.stride)) return;
  for (std::int64_t i = batch.n_next * part / parts; i < batch.n_next * (part + 1) / parts; ++i) {
    const float* row = view_.row(static_cast<std::int64_t>(batch.next[i]));
    for (std::int64_t j = 0; j < view_.n_features; j += kLine) __builtin_prefetch(row + j, 0, 2);
  }
}

void TiledNetworkEngine::bias_gradient(const Batch& batch, std::size_t l, const Crew& crew) {
  const LayerView& view = layout_.layers[l];
  if (view.bias < 0) return;
  float* sums = gradient_.data() + view.bias;
  if (l + 1 == layout_.layers.size()) {
    crew.share(view.outputs, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t j = first; j < last; ++j) {
        sums[j] = passes_.sum(buffers_.outputs.data() + j * buffers_.outputs_row, batch.n);
        if (!std::isfinite(sums[j])) scratch_[static_cast<std::size_t>(crew.rank())].finite = false;
      }
    });
    return;
  }
  const LayerBuffers& layer = buffers_.layers[l];
  constexpr std::int64_t kColumns = 32;
  crew.share(core::ceil_div(view.outputs, kColumns), [&](std::int64_t first, std::int64_t last) {
    const std::int64_t column = first * kColumns;
    const std::int64_t end = std::min(view.outputs, last * kColumns);
    passes_.column_sums(layer.delta.data() + column, layer.row, batch.n, end - column, sums + column);
    for (std::int64_t j = end; j < core::round_up(end, 8); ++j) sums[j] = 0.0F;
    if (!passes_.all_finite(sums + column, core::round_up(end - column, 8))) {
      scratch_[static_cast<std::size_t>(crew.rank())].finite = false;
    }
  });
}

/// `back`: derivatives through the normalisation, and the gradients of gamma and beta.
void TiledNetworkEngine::normalise(const Batch& batch, std::size_t l, const Crew& crew, bool back) {
  const LayerView& view = layout_.layers[l];
  LayerBuffers& layer = buffers_.layers[l];
  constexpr std::int64_t kColumns = 8;
  crew.share(core::ceil_div(view.outputs, kColumns), [&](std::int64_t first, std::int64_t last) {
    // Prediction reads running statistics only; the pass does not write them then.
    float* running = batch.running != nullptr ? batch.running : const_cast<float*>(batch.parameters);
    const NormColumns columns{.rows = batch.n,
                              .first = first * kColumns,
                              .last = std::min(view.outputs, last * kColumns),
                              .z = layer.z.data(),
                              .normalised = layer.normalised.data(),
                              .delta = layer.delta.data(),
                              .row = layer.row,
                              .inverse_deviation = layer.inverse_deviation.data(),
                              .gamma = batch.parameters + view.gamma,
                              .beta = batch.parameters + view.beta,
                              .running_mean = running + view.running_mean,
                              .running_var = running + view.running_var,
                              .gamma_gradient = gradient_.data() + view.gamma,
                              .beta_gradient = gradient_.data() + view.beta};
    if (!back) {
      (batch.running != nullptr ? passes_.normalise : passes_.normalise_running)(columns);
      return;
    }
    passes_.normalise_backward(columns);
    for (std::int64_t j = columns.first; j < columns.last; ++j) {
      if (!std::isfinite(columns.gamma_gradient[j]) || !std::isfinite(columns.beta_gradient[j])) {
        scratch_[static_cast<std::size_t>(crew.rank())].finite = false;
      }
    }
  });
}

}  // namespace slalom::cpu
