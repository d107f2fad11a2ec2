// SPDX-License-Identifier: Apache-2.0
// Backends that are wrong on purpose, to see that benchmarks refuse to time them.
#pragma once

#include <algorithm>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <slalom/backend.hpp>

namespace slalom::testing {

enum class Fault {
  kNone,
  kRate,     ///< learns at 99 % of the rates that it is given
  kNothing,  ///< reports the right losses, but gives its parameters back as they were
  kHalf,     ///< trains on the first half of the rows only
  kNan       ///< reports losses that are not numbers
};

/// The cpu backend with a fault.
class WrongBackend : public Backend {
 public:
  WrongBackend(Fault fault, const ModelSpec& spec, const Dataset& data, std::span<const MemberConfig> members)
      : Backend(spec, static_cast<std::int64_t>(members.size())),
        fault_(fault),
        inner_(make_backend(DeviceKind::kCpu, spec, data, members, {.threads = 1})) {}

  [[nodiscard]] DeviceKind device() const noexcept override { return inner_->device(); }
  [[nodiscard]] std::string description() const override { return "a wrong " + inner_->description(); }

  [[nodiscard]] std::vector<BlockResult> run(std::span<const StepBlock> blocks) override {
    std::vector<std::vector<double>> rates;
    std::vector<StepBlock> changed(blocks.begin(), blocks.end());
    for (StepBlock& block : changed) {
      if (fault_ == Fault::kHalf) {
        const std::size_t steps = std::max<std::size_t>(1, block.learning_rates.size() / 2);
        const std::size_t rows = steps * static_cast<std::size_t>(block.batch_size);
        block.rows = block.rows.first(std::min(rows, block.rows.size()));
        block.learning_rates = block.learning_rates.first(steps);
      }
      rates.emplace_back(block.learning_rates.begin(), block.learning_rates.end());
      if (fault_ == Fault::kRate) {
        for (double& rate : rates.back()) rate *= 0.99;
      }
      block.learning_rates = rates.back();
    }
    std::vector<BlockResult> results = inner_->run(changed);
    if (fault_ == Fault::kNan) results.front().losses.front() = std::numeric_limits<double>::quiet_NaN();
    return results;
  }

  void predict(std::int64_t member, const FeatureView& x, std::span<const std::uint32_t> rows,
               std::span<float> outputs) override {
    inner_->predict(member, x, rows, outputs);
  }
  [[nodiscard]] MemberState export_state(std::int64_t member) const override { return inner_->export_state(member); }
  void import_state(std::int64_t member, const MemberState& state) override {
    start_ = state.parameters;
    inner_->import_state(member, state);
  }
  [[nodiscard]] std::vector<double> evaluation_parameters(std::int64_t member) const override {
    return fault_ == Fault::kNothing ? start_ : inner_->evaluation_parameters(member);
  }
  void save(std::int64_t member, SnapshotSlot slot) override { inner_->save(member, slot); }
  void restore(std::int64_t member, SnapshotSlot slot) override { inner_->restore(member, slot); }

 private:
  Fault fault_;
  std::unique_ptr<Backend> inner_;
  std::vector<double> start_;
};

}  // namespace slalom::testing
