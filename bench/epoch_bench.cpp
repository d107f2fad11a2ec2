// SPDX-License-Identifier: Apache-2.0
// Epochs and steps over model, features, batch size and optimiser on every device; populations; what random order costs.
#include "training.hpp"

namespace slalom::bench {
namespace {

constexpr std::int64_t kRows = 16384;
constexpr std::int64_t kNetworkRows = 4096;  ///< the reference path takes a second for them
constexpr std::int64_t kLargeNetworkRows = 1024;

std::string device_name(DeviceKind device) { return std::string(name_of(device)); }

/// On every device: Epoch/MODEL/DEVICE/SHAPE/OPTIMIZER, and Step likewise.
void add_problem(Suite& suite, const Problem& problem, bool epochs) {
  const std::string rest = "/" + shape_name(problem) + "/" + std::string(name_of(problem.optimizer));
  for (const DeviceKind device : suite.devices()) {
    const std::string name = "/" + model_name(problem.spec) + "/" + device_name(device) + rest;
    const auto add = [&](const std::string& prefix, Timed timed, benchmark::TimeUnit unit) {
      const Run run{.problem = problem, .device = device, .threads = suite.threads(), .timed = timed};
      suite.add(prefix + name, unit, [&suite, run](benchmark::State& state) { time_training(state, suite, run); });
    };
    if (epochs) add("Epoch", Timed::kEpoch, benchmark::kMillisecond);
    add("Step", Timed::kStep, benchmark::kMicrosecond);
  }
}

void add_models(Suite& suite) {
  for (const ModelKind kind : {ModelKind::kLinear, ModelKind::kLogistic, ModelKind::kSoftmax}) {
    for (const std::int64_t d : {8, 128}) {
      for (const std::int64_t batch : {1, 32, 256, 4096}) {
        for (const OptimizerKind optimizer : {OptimizerKind::kSgd, OptimizerKind::kAdam}) {
          add_problem(suite, {plain_model(kind, d), kRows, batch, optimizer}, true);
        }
      }
    }
  }
  for (const std::int64_t batch : {32, 256, 1024}) {
    for (const OptimizerKind optimizer : {OptimizerKind::kSgd, OptimizerKind::kAdam}) {
      add_problem(suite, {network(8, {64, 64}), kNetworkRows, batch, optimizer}, true);
      add_problem(suite, {network(784, {256, 128}, 10), kLargeNetworkRows, batch, optimizer}, true);
    }
  }
}

/// The other optimisers, at one shape of two models.
void add_optimizers(Suite& suite) {
  for (const auto& [optimizer, name] : EnumNames<OptimizerKind>::kNames) {
    if (optimizer == OptimizerKind::kSgd || optimizer == OptimizerKind::kAdam) continue;
    add_problem(suite, {plain_model(ModelKind::kLinear, 128), kRows, 32, optimizer}, false);
    add_problem(suite, {network(8, {64, 64}), kNetworkRows, 32, optimizer}, false);
  }
}

/// Many models of one shape over one data set: Population/MODEL/DEVICE/SHAPE/members:N.
void add_populations(Suite& suite) {
  for (const std::int64_t members : {1, 64}) {
    const Problem problem{.spec = plain_model(ModelKind::kLinear, 8), .n_rows = kRows, .n_members = members};
    for (const DeviceKind device : suite.devices()) {
      if (device == DeviceKind::kReference) continue;
      const Run run{.problem = problem, .device = device, .threads = suite.threads()};
      suite.add("Population/linear/" + device_name(device) + "/" + shape_name(problem) +
                    "/members:" + std::to_string(members),
                benchmark::kMillisecond, [&suite, run](benchmark::State& state) { time_training(state, suite, run); });
    }
  }
}

/// The same steps on rows in the order of memory and in random order, with data in a cache and beyond: the difference is
/// the price of gathering rows.
void add_gathers(Suite& suite) {
  for (const std::int64_t rows : {std::int64_t{16384}, std::int64_t{262144}}) {
    const Problem problem{.spec = plain_model(ModelKind::kLinear, 128), .n_rows = rows, .batch_size = 256};
    for (const Visit visit : {Visit::kInOrder, Visit::kShuffled}) {
      const Run run{.problem = problem, .threads = 1, .timed = Timed::kStep, .visit = visit};
      suite.add("Gather/linear/cpu/" + shape_name(problem) + "/rows:" + std::to_string(rows) +
                    (visit == Visit::kInOrder ? "/in-order" : "/shuffled"),
                benchmark::kMicrosecond, [&suite, run](benchmark::State& state) { time_training(state, suite, run); });
    }
  }
}

}  // namespace

void register_epochs(Suite& suite) {
  add_models(suite);
  add_optimizers(suite);
  add_populations(suite);
  add_gathers(suite);
}

}  // namespace slalom::bench
