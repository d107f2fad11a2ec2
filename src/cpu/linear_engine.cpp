// SPDX-License-Identifier: Apache-2.0
// Runs blocks of steps of models without hidden layers, on one thread or several.
#include "cpu/linear_engine.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "core/rounding.hpp"
#include "cpu/crew.hpp"
#include "cpu/loss_problem.hpp"
#include "cpu/run_block.hpp"

namespace slalom::cpu {
namespace {

// A chunk has at least this many multiplications of a dot product, and rows: then a thread has microseconds of work
// between barriers of tenths of one, and adding up the chunks' gradients costs a few per cent.
constexpr std::int64_t kChunkProducts = 16384;
constexpr std::int64_t kChunkRows = 32;
constexpr std::int64_t kMostChunks = 64;

constexpr std::int64_t kTileFloats = 4096;   ///< of rows, or of outputs: half of the smallest L1 cache
constexpr std::int64_t kAheadFloats = 8192;  ///< from the row in use to the one that is prefetched
// Rows whose first lines are asked for before the rest: of 1 to 4 KiB. Measured: shorter ones gain nothing, longer lose.
constexpr std::int64_t kLeastEarlyFloats = 256;
constexpr std::int64_t kMostEarlyFloats = 1024;

/// Partial sums of a dot product. Lane i sums elements i, i + 16, ...; the lanes are added pairwise.
constexpr std::int64_t kLanes = 16;

float dot(const float* a, const float* b, std::int64_t n) {
  std::array<float, kLanes> sums{};
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (std::int64_t lane = 0; lane < kLanes; ++lane)
      sums[static_cast<std::size_t>(lane)] += a[i + lane] * b[i + lane];
  }
  for (std::int64_t lane = 0; i + lane < n; ++lane) sums[static_cast<std::size_t>(lane)] += a[i + lane] * b[i + lane];
  for (std::size_t width = kLanes / 2; width > 0; width /= 2) {
    for (std::size_t lane = 0; lane < width; ++lane) sums[lane] += sums[lane + width];
  }
  return sums[0];
}

LinearProblem problem_of(const ModelSpec& spec, const Dataset& data, const CompactRows* compact) {
  const FeatureView view = data.view();
  LinearProblem p = loss_problem(spec, data);
  p.features = view.data;
  p.stride = view.stride;
  p.n_features = spec.n_features;
  p.width = core::round_up(spec.n_features, 8);
  p.n_weights = p.n_outputs * p.width;
  p.n_all = p.n_weights + core::round_up(p.n_outputs, 8);
  p.tile = std::clamp<std::int64_t>(kTileFloats / std::max(p.width, 2 * p.n_outputs) / 8 * 8, 8, kMostTile);
  if (compact != nullptr) {
    p.features = compact->records.data();
    p.stride = compact->record;
    p.compact = {.place = compact->place.data(), .low = compact->low.data(), .high = compact->high.data()};
  }
  if (needs_prefetching(data.n_rows, p.stride)) p.ahead = std::clamp<std::int64_t>(kAheadFloats / p.stride, 4, 128);
  if (p.ahead != 0 && p.stride >= kLeastEarlyFloats && p.stride <= kMostEarlyFloats) {
    p.early_step = core::round_up(core::ceil_div(p.width, std::int64_t{4}), kLanes);
  }
  return p;
}

}  // namespace

/// What is fixed for a block.
struct LinearEngine::Run {
  const StepBlock& block;
  const core::RuleSettings& settings;
  GradientPass gradient;
  UpdatePass update;
};

LinearEngine::LinearEngine(const ModelSpec& spec, const Dataset& data, const CompactRows* compact, int threads,
                           const LinearKernels& kernels)
    : layer_(ParameterLayout(spec).layers[0]),
      problem_(problem_of(spec, data, compact)),
      loss_(spec.loss.kind),
      threads_(threads),
      kernels_(kernels),
      replicas_(static_cast<std::size_t>(threads)) {}

/// Calls visit(offset in the arena, offset in the layout of LinearProblem, length) for every run of values.
template <class Visit>
void LinearEngine::for_each_run(Visit&& visit) const {
  const auto size = [](std::int64_t n) { return static_cast<std::size_t>(n); };
  for (std::int64_t j = 0; j < layer_.outputs; ++j) {
    visit(size(layer_.weight + j * layer_.inputs), size(j * problem_.width), size(layer_.inputs));
  }
  visit(size(layer_.bias), size(problem_.n_weights), size(layer_.outputs));
}

/// A power of two.
std::int64_t LinearEngine::chunks_of(std::int64_t batch_rows) const {
  const std::int64_t by_work = batch_rows * problem_.n_weights / kChunkProducts;
  const std::int64_t most = std::min({by_work, batch_rows / kChunkRows, kMostChunks});
  return most < 2 ? 1 : static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(most)));
}

BlockResult LinearEngine::train(MemberStore<float>& member, const StepBlock& block) {
  const std::int64_t chunks = chunks_of(static_cast<std::int64_t>(rows_of_step(block, 0).size()));
  const int threads = static_cast<int>(std::min<std::int64_t>(threads_, chunks));
  const auto n_all = static_cast<std::size_t>(problem_.n_all);
  for (std::size_t i = 0; i < static_cast<std::size_t>(threads); ++i) {
    replicas_[i].gradient.resize(n_all);
    replicas_[i].part.resize(n_all);
    replicas_[i].scratch.resize(static_cast<std::size_t>(scratch_floats(problem_)));
    load(replicas_[i], member);
  }
  if (threads > 1) {
    exchange_.gradients.resize(static_cast<std::size_t>(2 * chunks));
    for (AlignedFloats& gradient : exchange_.gradients) gradient.resize(n_all);
    exchange_.losses.resize(exchange_.gradients.size());
  }
  const Run run{.block = block,
                .settings = member.settings(),
                .gradient = kernels_.gradient(loss_, problem_),
                .update = kernels_.update(member.settings().rule, core::flags_of(member.settings()))};
  BlockResult result =
      run_block(threads, block.learning_rates.size(), member.clock(),
                [&](core::StepClock& clock, Crew& crew, BlockResult* into) { run_steps(run, clock, crew, into); });
  store(replicas_[0], member);
  return result;
}

/// Nothing here may throw: the other threads would wait for ever.
void LinearEngine::run_steps(const Run& run, core::StepClock& clock, Crew& crew, BlockResult* result) {
  Replica& replica = replicas_[static_cast<std::size_t>(crew.rank())];
  for (std::size_t s = 0; s < run.block.learning_rates.size(); ++s) {
    const double loss = gradient_of_step(run, replica, s, crew);
    if (result != nullptr) result->losses.push_back(loss);  // has room
    if (!std::isfinite(loss) || !kernels_.all_finite(replica.gradient.data(), problem_.n_all)) {
      if (result != nullptr) result->first_non_finite = static_cast<std::int64_t>(s);
      return;
    }
    const auto constants = core::round_to<float>(clock.advance(run.block.learning_rates[s]));
    run.update(problem_, {.parameters = replica.parameters.data(),
                          .gradient = replica.gradient.data(),
                          .state = replica.state.data(),
                          .n_slots = run.settings.n_slots,
                          .clip_value = static_cast<float>(run.settings.clip_value),
                          .clip_norm = run.settings.clip_norm,
                          .constants = &constants});
  }
}

/// The gradient of step `step` into replica.gradient; returns the loss.
double LinearEngine::gradient_of_step(const Run& run, Replica& replica, std::size_t step, Crew& crew) {
  const auto rows = rows_of_step(run.block, step);
  const auto next = rows_of_step(run.block, step + 1);
  const auto n = static_cast<std::int64_t>(rows.size());
  LinearPass pass{.rows = rows.data(),
                  .n = n,
                  .next = next.data(),
                  .n_next = static_cast<std::int64_t>(next.size()),
                  .batch_rows = n,
                  .parameters = replica.parameters.data(),
                  .gradient = replica.gradient.data(),
                  .scratch = replica.scratch.data()};
  const std::int64_t chunks = chunks_of(n);
  if (chunks == 1 && crew.size() == 1) return run.gradient(problem_, pass);

  const std::int64_t chunk_rows = core::round_up(core::ceil_div(n, chunks), 8);
  const auto pass_of_chunk = [&](std::int64_t c, std::int64_t last, float* gradient) {
    const std::int64_t begin = std::min(c * chunk_rows, n);
    pass.rows = rows.data() + begin;
    pass.n = std::min(chunk_rows, n - begin);
    if (c + 1 < last) {  // a thread goes on with its next chunk
      pass.next = pass.rows + pass.n;
      pass.n_next = n - begin - pass.n;
    } else {  // or its first chunk of the next step
      const std::int64_t at =
          std::min(chunks * crew.rank() / crew.size() * chunk_rows, static_cast<std::int64_t>(next.size()));
      pass.next = next.data() + at;
      pass.n_next = static_cast<std::int64_t>(next.size()) - at;
    }
    pass.gradient = gradient;
    return run.gradient(problem_, pass);
  };
  if (crew.size() == 1) {
    double loss = pass_of_chunk(0, chunks, replica.gradient.data());
    for (std::int64_t c = 1; c < chunks; ++c) {
      loss += pass_of_chunk(c, chunks, replica.part.data());
      kernels_.add(replica.gradient.data(), replica.part.data(), problem_.n_all);
    }
    return loss;
  }
  // Parts of even and odd steps lie apart: a thread may be a step ahead of one that still adds.
  const std::size_t base = step % 2 == 0 ? 0 : exchange_.gradients.size() / 2;
  const std::int64_t first = chunks * crew.rank() / crew.size();
  const std::int64_t last = chunks * (crew.rank() + 1) / crew.size();
  for (std::int64_t c = first; c < last; ++c) {
    const std::size_t at = base + static_cast<std::size_t>(c);
    exchange_.losses[at] = pass_of_chunk(c, last, exchange_.gradients[at].data());
  }
  crew.meet();
  std::copy(exchange_.gradients[base].begin(), exchange_.gradients[base].end(), replica.gradient.begin());
  double loss = exchange_.losses[base];
  for (std::int64_t c = 1; c < chunks; ++c) {
    const std::size_t at = base + static_cast<std::size_t>(c);
    loss += exchange_.losses[at];
    kernels_.add(replica.gradient.data(), exchange_.gradients[at].data(), problem_.n_all);
  }
  return loss;
}

void LinearEngine::load(Replica& replica, MemberStore<float>& member) const {
  const auto n_all = static_cast<std::size_t>(problem_.n_all);
  const auto slots = static_cast<std::size_t>(member.settings().n_slots);
  const std::size_t n_trainable = slots > 0 ? member.state().size() / slots : 0;
  replica.parameters.assign(n_all, 0.0F);
  replica.state.assign(slots * n_all, 0.0F);
  for_each_run([&](std::size_t arena, std::size_t place, std::size_t n) {
    std::copy_n(member.parameters().data() + arena, n, replica.parameters.data() + place);
    for (std::size_t s = 0; s < slots; ++s) {
      std::copy_n(member.state().data() + s * n_trainable + arena, n, replica.state.data() + s * n_all + place);
    }
  });
}

void LinearEngine::store(const Replica& replica, MemberStore<float>& member) const {
  const auto n_all = static_cast<std::size_t>(problem_.n_all);
  const auto slots = static_cast<std::size_t>(member.settings().n_slots);
  const std::size_t n_trainable = slots > 0 ? member.state().size() / slots : 0;
  for_each_run([&](std::size_t arena, std::size_t place, std::size_t n) {
    std::copy_n(replica.parameters.data() + place, n, member.parameters().data() + arena);
    for (std::size_t s = 0; s < slots; ++s) {
      std::copy_n(replica.state.data() + s * n_all + place, n, member.state().data() + s * n_trainable + arena);
    }
  });
}

void LinearEngine::predict(const FeatureView& x, std::span<const std::uint32_t> rows, std::int64_t first,
                           std::span<const float> parameters, std::span<float> outputs) {
  const std::int64_t n = static_cast<std::int64_t>(outputs.size()) / layer_.outputs;
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t row = rows.empty() ? first + i : static_cast<std::int64_t>(rows[static_cast<std::size_t>(i)]);
    for (std::int64_t j = 0; j < layer_.outputs; ++j) {
      outputs[static_cast<std::size_t>(i * layer_.outputs + j)] =
          dot(parameters.data() + layer_.weight + j * layer_.inputs, x.row(row), layer_.inputs) +
          parameters[static_cast<std::size_t>(layer_.bias + j)];
    }
  }
}

}  // namespace slalom::cpu
