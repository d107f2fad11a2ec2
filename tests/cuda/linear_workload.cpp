// SPDX-License-Identifier: Apache-2.0
// Trains one epoch of a linear model on the device: something for profilers and counters to look at.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "cuda/linear_problem.hpp"

namespace slalom::testing {
namespace {

int run(const std::vector<std::string>& arguments) {
  if (arguments.size() != 7) {
    std::fputs("usage: linear_workload LOSS FEATURES OUTPUTS ROWS BATCH MEMBERS OPTIMIZER\n", stderr);
    return 64;
  }
  const auto number = [&](std::size_t i) { return std::atoll(arguments[i].c_str()); };
  const ModelSpec spec = linear_spec(find_by_name<LossKind>(arguments[0]).value(), number(1), number(2));
  const std::int64_t batch = number(4);
  const Dataset data = random_data(spec, number(3));
  std::vector<MemberConfig> members(static_cast<std::size_t>(number(5)));
  for (MemberConfig& member : members) member.optimizer.kind = find_by_name<OptimizerKind>(arguments[6]).value();
  const auto backend = make_backend(DeviceKind::kCuda, spec, data, members);
  std::vector<std::uint32_t> order(static_cast<std::size_t>(data.n_rows));
  std::iota(order.begin(), order.end(), 0U);
  core::PhiloxStream random(1, 0, core::RandomUse::kSynthetic, 2);
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[random.below(static_cast<std::uint32_t>(i))]);
  const std::vector<double> rates(static_cast<std::size_t>((data.n_rows + batch - 1) / batch), 0.001);
  const std::vector<StepBlock> blocks(members.size(), {.rows = order, .batch_size = batch, .learning_rates = rates});
  std::printf("%s: last loss %g\n", backend->description().c_str(), backend->run(blocks).back().losses.back());
  const auto words = static_cast<long long>(data.targets.size() + data.labels.size() + data.weights.size());
  std::printf("rows %lld bytes, targets %lld bytes, row numbers %lld bytes\n",
              static_cast<long long>(data.features.size()) * 4, words * 4, static_cast<long long>(order.size()) * 4);
  return 0;
}

}  // namespace
}  // namespace slalom::testing

int main(int argc, char** argv) { return slalom::testing::run({argv + 1, argv + argc}); }
