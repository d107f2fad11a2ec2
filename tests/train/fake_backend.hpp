// SPDX-License-Identifier: Apache-2.0
// A backend that computes nothing: losses are scripted and the only parameter counts the steps done.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <slalom/backend.hpp>

namespace slalom::testing {

class FakeBackend : public Backend {
 public:
  /// The loss of a step (from 0) of a member over the rows of its batch.
  using StepLoss = std::function<double(std::int64_t member, std::int64_t step, std::span<const std::uint32_t> batch)>;

  FakeBackend(std::int64_t n_members, StepLoss loss)
      : Backend(ModelSpec{.n_features = std::int64_t{1} << 20},
                n_members),  // a step is much work: first blocks are short
        visited(static_cast<std::size_t>(n_members)),
        rates(static_cast<std::size_t>(n_members)),
        steps(static_cast<std::size_t>(n_members)),
        saved_(static_cast<std::size_t>(n_members)),
        loss_(std::move(loss)) {}

  [[nodiscard]] DeviceKind device() const noexcept override { return DeviceKind::kReference; }
  [[nodiscard]] std::string description() const override { return "fake"; }

  [[nodiscard]] std::vector<BlockResult> run(std::span<const StepBlock> blocks) override {
    std::vector<BlockResult> results(blocks.size());
    for (std::size_t m = 0; m < blocks.size(); ++m) {
      const StepBlock& block = blocks[m];
      visited[m].insert(visited[m].end(), block.rows.begin(), block.rows.end());
      rates[m].insert(rates[m].end(), block.learning_rates.begin(), block.learning_rates.end());
      const auto batch = static_cast<std::size_t>(block.batch_size);
      for (std::size_t at = 0; at < block.rows.size(); at += batch) {
        const auto rows = block.rows.subspan(at, std::min(batch, block.rows.size() - at));
        const double loss = loss_(static_cast<std::int64_t>(m), steps[m], rows);
        if (!(loss - loss == 0.0) && results[m].first_non_finite < 0) {
          results[m].first_non_finite = static_cast<std::int64_t>(results[m].losses.size());
        }
        results[m].losses.push_back(loss);
        ++steps[m];
      }
    }
    return results;
  }

  [[nodiscard]] bool looks_ahead() const noexcept override { return ahead; }
  void begin(std::span<const StepBlock> blocks) override {
    if (blocks_of(blocks) == foreseen_) ++n_foreseen;
    ++n_runs;
    Backend::begin(blocks);
  }
  void prefetch(std::span<const StepBlock> blocks) override { foreseen_ = blocks_of(blocks); }
  void keep(const Dataset& data) override { kept.push_back(&data); }
  void predict(std::int64_t, const FeatureView&, std::span<const std::uint32_t>, std::span<float>) override {}
  /// The next value of `valid_losses`.
  [[nodiscard]] Metrics evaluate(std::int64_t, const Dataset&, std::span<const std::uint32_t>) override {
    Metrics metrics;
    metrics.loss = valid_losses.at(n_evaluations++);
    return metrics;
  }
  [[nodiscard]] MemberState export_state(std::int64_t) const override { return {}; }
  void import_state(std::int64_t, const MemberState&) override {}
  [[nodiscard]] std::vector<double> evaluation_parameters(std::int64_t member) const override {
    return {last_parameters.empty() ? 0.0 : last_parameters.at(static_cast<std::size_t>(member))};
  }
  void save(std::int64_t member, SnapshotSlot slot) override {
    saved(member, slot) = steps[static_cast<std::size_t>(member)];
    saves.emplace_back(slot, steps[static_cast<std::size_t>(member)]);
  }
  void restore(std::int64_t member, SnapshotSlot slot) override {
    steps[static_cast<std::size_t>(member)] = saved(member, slot).value();
  }

  std::vector<std::vector<std::uint32_t>> visited;  ///< rows in visiting order, by member
  std::vector<std::vector<double>> rates;           ///< learning rates of the steps, by member
  std::vector<std::int64_t> steps;                  ///< the "parameter" of each member
  bool ahead = true;                                ///< what looks_ahead() gives
  std::vector<double> valid_losses;
  std::size_t n_evaluations = 0;
  std::vector<const Dataset*> kept;
  std::int64_t n_runs = 0;
  std::int64_t n_foreseen = 0;                               ///< runs of exactly the blocks that the last prefetch got
  std::vector<std::pair<SnapshotSlot, std::int64_t>> saves;  ///< what was saved when, in steps
  std::vector<double> last_parameters;                       ///< what evaluation_parameters gives, by member; empty: 0

 private:
  struct Block {
    std::vector<std::uint32_t> rows;
    std::vector<double> rates;
    bool operator==(const Block&) const = default;
  };
  static std::vector<Block> blocks_of(std::span<const StepBlock> blocks) {
    std::vector<Block> copies;
    for (const StepBlock& block : blocks) {
      copies.push_back(
          {{block.rows.begin(), block.rows.end()}, {block.learning_rates.begin(), block.learning_rates.end()}});
    }
    return copies;
  }

  std::vector<Block> foreseen_;
  std::optional<std::int64_t>& saved(std::int64_t member, SnapshotSlot slot) {
    return saved_[static_cast<std::size_t>(member)][static_cast<std::size_t>(slot)];
  }

  std::vector<std::array<std::optional<std::int64_t>, kSnapshotSlots>> saved_;
  StepLoss loss_;
};

}  // namespace slalom::testing
