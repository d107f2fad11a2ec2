// SPDX-License-Identifier: Apache-2.0
// A backend on the host: a population of members, each stepped by an engine.
#pragma once

#include <memory>
#include <vector>

#include <omp.h>

#include <slalom/backend.hpp>
#include <slalom/model.hpp>

#include "core/parallel.hpp"
#include "core/step_blocks.hpp"
#include "cpu/engine.hpp"
#include "cpu/member_store.hpp"

namespace slalom::cpu {

/// Implements the contract of Backend over one Engine<Real> a thread. Derived classes make the engines.
template <class Real>
class HostBackend : public Backend {
 public:
  [[nodiscard]] std::vector<BlockResult> run(std::span<const StepBlock> blocks) override {
    core::check_blocks(blocks, n_members());
    std::vector<BlockResult> results(blocks.size());
    run_each([&](std::int64_t m) { return blocks[static_cast<std::size_t>(m)]; },
             [&](std::int64_t m, const BlockResult& result) { results[static_cast<std::size_t>(m)] = result; });
    return results;
  }

  void run_each(const BlockOf& block_of, const TakeResult& take_result) override {
    core::parallel_for(n_members(), static_cast<int>(workers_.size()), [&](std::int64_t m) {
      const StepBlock block = block_of(m);
      core::check_block(block);
      if (block.rows.empty()) {
        take_result(m, {});
        return;
      }
      const std::size_t worker = workers_.size() > 1 ? static_cast<std::size_t>(omp_get_thread_num()) : 0;
      take_result(m, workers_[worker]->train(members_[static_cast<std::size_t>(m)], block));
    });
  }

  void predict(std::int64_t member, const FeatureView& x, std::span<const std::uint32_t> rows,
               std::span<float> outputs) override {
    const std::vector<Real> parameters = members_[static_cast<std::size_t>(member)].evaluation_parameters();
    workers_[0]->predict(x, rows, 0, parameters, outputs);
  }

  [[nodiscard]] MemberState export_state(std::int64_t member) const override {
    return members_[static_cast<std::size_t>(member)].export_state();
  }
  void import_state(std::int64_t member, const MemberState& state) override {
    members_[static_cast<std::size_t>(member)].import_state(state);
  }
  [[nodiscard]] std::vector<double> evaluation_parameters(std::int64_t member) const override {
    const std::vector<Real> values = members_[static_cast<std::size_t>(member)].evaluation_parameters();
    return {values.begin(), values.end()};
  }
  void save(std::int64_t member, SnapshotSlot slot) override { members_[static_cast<std::size_t>(member)].save(slot); }
  void restore(std::int64_t member, SnapshotSlot slot) override {
    members_[static_cast<std::size_t>(member)].restore(slot);
  }

 protected:
  HostBackend(const ModelSpec& spec, std::span<const MemberConfig> configs)
      : Backend(spec, static_cast<std::int64_t>(configs.size())), layout_(spec) {
    members_.reserve(configs.size());
    for (const MemberConfig& config : configs) members_.emplace_back(layout_, config);
  }
  void add_worker(std::unique_ptr<Engine<Real>> engine) { workers_.push_back(std::move(engine)); }

 private:
  ParameterLayout layout_;
  std::vector<MemberStore<Real>> members_;
  std::vector<std::unique_ptr<Engine<Real>>> workers_;  ///< one a thread
};

}  // namespace slalom::cpu
