// SPDX-License-Identifier: Apache-2.0
// The gradient noise scale: McCandlish et al. 2018 (arXiv 1812.06162), appendix A.1.
#include "tune/noise_scale.hpp"

#include <algorithm>
#include <cstddef>

#include <slalom/model.hpp>
#include <slalom/tune.hpp>

#include "data/sampler.hpp"

namespace slalom {
namespace {

constexpr std::int64_t kMostPopulationValues = std::int64_t{1} << 26;  ///< parameters of all members together
constexpr std::uint32_t kNoiseStream = 0x40000000;                     ///< no member's

double squared_norm(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value * value;
  return sum;
}

}  // namespace

NoiseEstimate noise_from_norms(double small, double small_squared, double big, double big_squared) {
  NoiseEstimate estimate;
  estimate.gradient_squared = (big * big_squared - small * small_squared) / (big - small);
  estimate.noise_trace = (small_squared - big_squared) / (1.0 / small - 1.0 / big);
  if (estimate.gradient_squared > 0.0) {
    estimate.scale = std::max(0.0, estimate.noise_trace) / estimate.gradient_squared;
  }
  return estimate;
}

std::optional<NoiseEstimate> measure_noise(const ModelSpec& spec, const Dataset& train,
                                           const std::vector<double>& parameters, DeviceKind device,
                                           const BackendOptions& options, std::uint64_t seed, std::int64_t index) {
  const tuning::NoiseBatches batches = tuning::noise_batches(train.n_rows);
  if (batches.count < 4) return std::nullopt;
  const ParameterLayout layout(spec);
  const std::int64_t n_members = std::clamp<std::int64_t>(kMostPopulationValues / layout.n_total, 1, batches.count);

  // A step of momentum 0 at rate 0 leaves the parameters alone and the gradient in the optimiser's state.
  MemberConfig probe{.optimizer = {.kind = OptimizerKind::kMomentum}, .seed = seed};
  probe.optimizer.momentum = 0.0;
  const std::vector<MemberConfig> members(static_cast<std::size_t>(n_members), probe);
  const auto backend = make_backend(device, spec, train, members, options);
  data::Sampler sampler(train.n_rows, {}, seed, kNoiseStream, true);
  const std::span<const std::uint32_t> order = sampler.order(index);
  const double no_rate = 0.0;

  std::vector<double> sum(static_cast<std::size_t>(layout.n_trainable), 0.0);
  double small_squared = 0.0;
  for (std::int64_t begin = 0; begin < batches.count; begin += n_members) {
    const std::int64_t n = std::min(n_members, batches.count - begin);
    std::vector<StepBlock> blocks(static_cast<std::size_t>(n_members));
    for (std::int64_t m = 0; m < n; ++m) {
      backend->import_state(m, {.parameters = parameters});
      blocks[static_cast<std::size_t>(m)] = {.rows = order.subspan(static_cast<std::size_t>((begin + m) * batches.rows),
                                                                   static_cast<std::size_t>(batches.rows)),
                                             .batch_size = batches.rows,
                                             .learning_rates = {&no_rate, 1}};
    }
    static_cast<void>(backend->run(blocks));
    for (std::int64_t m = 0; m < n; ++m) {
      const std::vector<double> gradient = backend->export_state(m).optimizer_state;
      small_squared += squared_norm(gradient) / static_cast<double>(batches.count);
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += gradient[i] / static_cast<double>(batches.count);
    }
  }
  const auto small = static_cast<double>(batches.rows);
  return noise_from_norms(small, small_squared, small * static_cast<double>(batches.count), squared_norm(sum));
}

}  // namespace slalom
