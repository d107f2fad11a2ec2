// SPDX-License-Identifier: Apache-2.0
// Trains a number of epochs on the device, each as one block of steps: something for profilers and counters to look at.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/rules.hpp"
#include "cuda/linear_problem.hpp"
#include "data/sampler.hpp"

namespace slalom::testing {
namespace {

constexpr const char* kUsage =
    "usage: epoch_workload EPOCHS LOSS FEATURES HIDDEN OUTPUTS ROWS BATCH MEMBERS OPTIMIZER\n"
    "  HIDDEN: widths as 64,64, or - for none. OPTIMIZER: a name, for rmsprop with :centered and :momentum behind it.\n"
    "   Prints what an epoch has to move at least, as one JSON object.\n";

std::vector<std::int64_t> widths_of(const std::string& text) {
  std::vector<std::int64_t> widths;
  if (text == "-") return widths;
  const char* at = text.c_str();
  while (*at != '\0') {
    char* end = nullptr;
    widths.push_back(std::strtoll(at, &end, 10));
    at = *end == ',' ? end + 1 : end;
  }
  return widths;
}

OptimizerConfig optimizer_of(const std::string& text) {
  OptimizerConfig config;
  config.kind = find_by_name<OptimizerKind>(text.substr(0, text.find(':'))).value();
  config.centered = text.find(":centered") != std::string::npos;
  if (text.find(":momentum") != std::string::npos) config.momentum = 0.9;
  return config;
}

struct Workload {
  std::int64_t epochs = 0, batch = 0;
  ModelSpec spec;
  Dataset data;
  std::vector<MemberConfig> members;
};

void train_epochs(const Workload& w) {
  const auto backend = make_backend(DeviceKind::kCuda, w.spec, w.data, w.members);
  std::vector<data::Sampler> samplers;
  for (std::size_t m = 0; m < w.members.size(); ++m) {
    const auto member = static_cast<std::int64_t>(m);
    backend->import_state(member, {.parameters = initial_parameters(w.spec, 1, m)});
    samplers.emplace_back(w.data.n_rows, std::vector<std::uint32_t>{}, 1, static_cast<std::uint32_t>(m), true);
  }
  const std::vector<double> rates(static_cast<std::size_t>((w.data.n_rows + w.batch - 1) / w.batch), 1e-3);
  for (std::int64_t epoch = 0; epoch < w.epochs; ++epoch) {
    std::vector<StepBlock> blocks;
    for (data::Sampler& sampler : samplers) {
      blocks.push_back({.rows = sampler.order(epoch), .batch_size = w.batch, .learning_rates = rates});
    }
    static_cast<void>(backend->run(blocks));
  }
}

/// Bytes: `read` once from memory if every member's order is its own and rows are shared; `requested` by all members.
void print_minimum(const Workload& w) {
  const auto bytes = [](const auto& values) { return static_cast<long long>(values.size() * sizeof(values[0])); };
  const auto members = static_cast<long long>(w.members.size());
  const long long x = bytes(w.data.features);
  const long long rest = bytes(w.data.targets) + bytes(w.data.labels) + 4 * w.data.n_rows;  // and row numbers
  std::printf("{\"steps\": %lld, \"read\": %lld, \"requested\": %lld, \"parameters\": %lld, \"slots\": %d}\n",
              static_cast<long long>((w.data.n_rows + w.batch - 1) / w.batch), x + members * rest, members * (x + rest),
              static_cast<long long>(ParameterLayout(w.spec).n_trainable),
              core::resolve_rule(w.members.front().optimizer).n_slots);
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.size() != 9) {
    std::fputs(kUsage, stderr);
    return 64;
  }
  const auto number = [&](std::size_t i) { return static_cast<std::int64_t>(std::atoll(arguments[i].c_str())); };
  Workload w;
  w.epochs = number(0);
  w.spec = linear_spec(find_by_name<LossKind>(arguments[1]).value(), number(2), number(4));
  w.spec.hidden = widths_of(arguments[3]);
  if (!w.spec.hidden.empty()) w.spec.kind = ModelKind::kMlp;
  w.data = random_data(w.spec, number(5));
  w.batch = number(6);
  w.members.resize(static_cast<std::size_t>(number(7)));
  for (MemberConfig& member : w.members) member.optimizer = optimizer_of(arguments[8]);
  train_epochs(w);
  print_minimum(w);
  return 0;
}

}  // namespace
}  // namespace slalom::testing

int main(int argc, char** argv) { return slalom::testing::run({argv + 1, argv + argc}); }
