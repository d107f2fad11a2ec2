// SPDX-License-Identifier: Apache-2.0
// Runs blocks of steps and predictions: the order of phases, losses, clipping and the optimiser.
#include "cpu/tiled_network_engine.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/clip.hpp"
#include "core/huge_pages.hpp"
#include "cpu/loss_problem.hpp"
#include "cpu/run_block.hpp"

namespace slalom::cpu {
namespace {

constexpr std::int64_t kTiledPredictRows = 512;
/// Multiplications of a forward pass that a thread must have to do: a step then takes it tens of microseconds, and
/// meeting the others a few.
constexpr std::int64_t kThreadProducts = std::int64_t{1} << 20;
/// Values of a unit of the optimiser's pass, and of a partial sum of squares.
constexpr std::int64_t kPiece = 4096;
/// Rows of weights are shared out as for packing them, which the same thread does next: what another core has written
/// comes slowly.
constexpr std::int64_t kShareOutputs = 32;

}  // namespace

TiledNetworkEngine::TiledNetworkEngine(const ModelSpec& spec, const Dataset& data, int threads,
                                       const InstructionSet& set)
    : spec_(spec),
      layout_(spec),
      view_(data.view()),
      losses_(loss_problem(spec, data)),
      plain_relu_(spec.activation == Activation::kRelu && !spec.batch_norm && !(spec.dropout > 0.0)),
      threads_(threads),
      products_(set, layout_),
      passes_(*set.network),
      loss_(passes_.loss(spec.loss.kind)),
      activate_(passes_.activate(spec.activation)),
      scratch_(static_cast<std::size_t>(threads)),
      gradient_(static_cast<std::size_t>(layout_.n_trainable)),
      squares_(static_cast<std::size_t>(core::ceil_div(layout_.n_trainable, kPiece))) {
  core::use_huge_pages(gradient_.data(), gradient_.size() * sizeof(float));
}

int TiledNetworkEngine::threads_for(std::int64_t batch_rows) const {
  const std::int64_t most = batch_rows * layout_.n_weights / kThreadProducts;
  return static_cast<int>(std::clamp<std::int64_t>(most, 1, threads_));
}

/// Room for what threads pack for themselves, of batches of `rows` rows.
void TiledNetworkEngine::make_scratch(int threads, std::int64_t rows, bool training) {
  std::int64_t tiles = 0;
  std::int64_t panel = 0;
  std::int64_t widest = 0;
  for (std::size_t l = 0; l < layout_.layers.size(); ++l) {
    const LayerView& view = layout_.layers[l];
    products_.for_each_of_layer(l, view, [&](const ProductKernels& products) {
      widest = std::max(widest, products.panel);
      for (const std::int64_t depth : {view.inputs, view.outputs, rows})
        panel = std::max(panel, products.panel_floats(depth));
      if (training) tiles = std::max(tiles, products.most_block_floats(view.outputs, rows));
      if (products.pack_left == nullptr) return;
      for (const std::int64_t depth : {view.inputs, view.outputs})
        tiles = std::max(tiles, products.most_block_floats(rows, depth));
    });
  }
  const auto grow = [](AlignedFloats& floats, std::int64_t n) {
    if (floats.size() >= static_cast<std::size_t>(n)) return;
    floats.resize(static_cast<std::size_t>(n));
    core::use_huge_pages(floats.data(), floats.size() * sizeof(float));
  };
  const auto in_place =
      static_cast<std::size_t>(std::min(rows, products_.most_rows_in_place(0, layout_.layers.front())));
  for (int t = 0; t < threads; ++t) {
    ThreadScratch& scratch = scratch_[static_cast<std::size_t>(t)];
    grow(scratch.panel, panel);
    grow(scratch.tiles, tiles);
    if (training) grow(scratch.turned, widest * widest);
    if (training) grow(scratch.loss, scratch_floats(losses_));
    if (training && t < kFewThreads && scratch.rows.size() < in_place) scratch.rows.resize(in_place);
  }
}

BlockResult TiledNetworkEngine::train(MemberStore<float>& member, const StepBlock& block) {
  const auto rows = static_cast<std::int64_t>(rows_of_step(block, 0).size());
  buffers_.reserve(spec_, layout_, products_, rows, true);
  core::use_huge_pages(member.parameters().data(), member.parameters().size() * sizeof(float));
  core::use_huge_pages(member.state().data(), member.state().size() * sizeof(float));
  const int threads = threads_for(rows);
  make_scratch(threads, rows, true);
  const Run run{block, member, passes_.update(member.settings().rule, core::flags_of(member.settings()))};
  return run_block(threads, block.learning_rates.size(), member.clock(),
                   [&](core::StepClock& clock, Crew& crew, BlockResult* into) { run_steps(run, clock, crew, into); });
}

/// Nothing here may throw: the other threads would wait for ever.
void TiledNetworkEngine::run_steps(const Run& run, core::StepClock& clock, Crew& crew, BlockResult* result) {
  const MemberConfig& config = run.member.config();
  float* parameters = run.member.parameters().data();
  for (std::size_t s = 0; s < run.block.learning_rates.size(); ++s) {
    const auto rows = rows_of_step(run.block, s);
    const bool more = s + 1 < run.block.learning_rates.size();
    const auto next = more ? rows_of_step(run.block, s + 1) : rows.first(0);
    const Batch batch{
        .x = view_,
        .rows = rows.data(),
        .n = static_cast<std::int64_t>(rows.size()),
        .batch_size = run.block.batch_size,
        .next = next.data(),
        .n_next = static_cast<std::int64_t>(next.size()),
        .parameters = parameters,
        .running = parameters,
        .dropout = {.seed = config.seed, .stream = static_cast<std::uint32_t>(config.stream), .step = clock.step()}};
    scratch_[static_cast<std::size_t>(crew.rank())].finite = true;
    pack_weights(batch, crew);
    gather(batch, crew);
    crew.meet();
    forward(batch, crew);
    outputs(batch, crew);
    backward(batch, crew);
    double loss = 0.0;
    for (std::int64_t b = 0; b < core::ceil_div(batch.n, kMostTile); ++b)
      loss += buffers_.losses[static_cast<std::size_t>(b)];
    bool finite = std::isfinite(loss);
    for (int t = 0; t < crew.size(); ++t) finite = finite && scratch_[static_cast<std::size_t>(t)].finite;
    if (result != nullptr) result->losses.push_back(loss);  // has room
    if (!finite) {
      if (result != nullptr) result->first_non_finite = static_cast<std::int64_t>(s);
      return;
    }
    clip(run, crew);
    update(run, core::round_to<float>(clock.advance(run.block.learning_rates[s])), crew);
    crew.meet();
  }
}

/// By value, then by the norm of the whole gradient: squares are summed piece by piece, then over the pieces in order.
void TiledNetworkEngine::clip(const Run& run, Crew& crew) {
  const core::RuleSettings& settings = run.member.settings();
  if (!(settings.clip_value > 0.0 || settings.clip_norm > 0.0)) return;
  const auto each_piece = [&](auto&& body) {
    crew.share(static_cast<std::int64_t>(squares_.size()), [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t p = first; p < last; ++p) {
        body(p, gradient_.data() + p * kPiece, std::min(kPiece, layout_.n_trainable - p * kPiece));
      }
    });
    crew.meet();
  };
  each_piece([&](std::int64_t p, float* values, std::int64_t n) {
    if (settings.clip_value > 0.0) passes_.clip_by_value(values, n, static_cast<float>(settings.clip_value));
    squares_[static_cast<std::size_t>(p)] = passes_.sum_of_squares(values, n);
  });
  if (!(settings.clip_norm > 0.0)) return;
  double sum = 0.0;
  for (const double square : squares_) sum += square;
  const auto factor = core::clip_by_norm_factor<float>(sum, settings.clip_norm);
  each_piece([&](std::int64_t, float* values, std::int64_t n) { passes_.scale(values, n, factor); });
}

void TiledNetworkEngine::update(const Run& run, const core::StepConstants<float>& constants, const Crew& crew) {
  const core::StepConstants<float> free = core::without_penalty(constants);
  const auto range = [&](std::int64_t begin, std::int64_t end, const core::StepConstants<float>& of_range) {
    UpdateRange u{.parameters = run.member.parameters().data() + begin,
                  .gradient = gradient_.data() + begin,
                  .n = end - begin,
                  .constants = &of_range};
    for (int s = 0; s < run.member.settings().n_slots; ++s) {
      u.slots[s] = run.member.state().data() + s * layout_.n_trainable + begin;
    }
    run.update(u);
    for (const TensorView& tensor : layout_.tensors) {  // 0 / 0 of a rule without epsilon in the padding
      const std::int64_t after = tensor.offset + tensor.size();
      for (std::int64_t i = std::max(after, begin); i < std::min(core::round_up(after, 8), end); ++i) {
        run.member.parameters()[static_cast<std::size_t>(i)] = 0.0F;
      }
    }
  };
  const auto share_values = [&](std::int64_t from, std::int64_t to, const core::StepConstants<float>& of_range) {
    constexpr std::int64_t kUnit = 64;  // values: whole cache lines
    crew.share(core::ceil_div(to - from, kUnit), [&](std::int64_t first, std::int64_t last) {
      range(from + first * kUnit, std::min(to, from + last * kUnit), of_range);
    });
  };
  for (const LayerView& layer : layout_.layers) {
    const std::int64_t end_of_layer = layer.weight + core::round_up(layer.outputs * layer.inputs, 8);
    const std::int64_t units = core::ceil_div(layer.outputs, kShareOutputs);
    if (units < crew.size()) {
      share_values(layer.weight, end_of_layer, constants);
      continue;
    }
    crew.share(units, [&](std::int64_t first, std::int64_t last) {
      const std::int64_t begin = layer.weight + first * kShareOutputs * layer.inputs;
      const std::int64_t end = last < units ? layer.weight + last * kShareOutputs * layer.inputs : end_of_layer;
      range(begin, end, constants);
    });
  }
  share_values(layout_.n_weights, layout_.n_trainable, free);
}

void TiledNetworkEngine::predict(const FeatureView& x, std::span<const std::uint32_t> rows, std::int64_t first,
                                 std::span<const float> parameters, std::span<float> outputs_of_rows) {
  const std::int64_t total = static_cast<std::int64_t>(outputs_of_rows.size()) / spec_.n_outputs;
  if (total == 0) return;
  const std::int64_t most = std::min(total, kTiledPredictRows);
  buffers_.reserve(spec_, layout_, products_, most, false);
  const int threads = threads_for(most);
  make_scratch(threads, most, false);
  with_crew(threads, [&](Crew& crew) {
    for (std::int64_t start = 0; start < total; start += kTiledPredictRows) {
      const Batch batch{.x = x,
                        .rows = rows.empty() ? nullptr : rows.data() + start,
                        .first = first + start,
                        .n = std::min(kTiledPredictRows, total - start),
                        .batch_size = kTiledPredictRows,
                        .parameters = parameters.data()};
      if (start == 0) pack_weights(batch, crew);
      gather(batch, crew);
      crew.meet();
      forward(batch, crew);
      outputs(batch, crew);
      crew.share(batch.n, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
          for (std::int64_t j = 0; j < spec_.n_outputs; ++j) {
            outputs_of_rows[static_cast<std::size_t>((start + i) * spec_.n_outputs + j)] =
                buffers_.outputs[static_cast<std::size_t>(j * buffers_.outputs_row + i)];
          }
        }
      });
      crew.meet();
    }
  });
}

}  // namespace slalom::cpu
