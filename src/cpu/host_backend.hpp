// SPDX-License-Identifier: Apache-2.0
// A backend on the host: a population of members, each stepped by an engine.
#pragma once

#include <exception>
#include <memory>
#include <vector>

#include <omp.h>

#include <slalom/backend.hpp>
#include <slalom/model.hpp>

#include "cpu/engine.hpp"
#include "cpu/member_store.hpp"

namespace slalom::cpu {

/// Implements the contract of Backend over one Engine<Real> a thread. Derived classes make the engines.
template <class Real>
class HostBackend : public Backend {
 public:
  [[nodiscard]] std::vector<BlockResult> run(std::span<const StepBlock> blocks) override {
    if (static_cast<std::int64_t>(blocks.size()) != n_members()) {
      throw Error(ExitCode::kSoftware, "internal error: " + std::to_string(blocks.size()) + " blocks for " +
                                           std::to_string(n_members()) + " members");
    }
    std::vector<BlockResult> results(blocks.size());
    std::exception_ptr failure;
    const auto n = static_cast<std::int64_t>(blocks.size());
#pragma omp parallel for num_threads(static_cast <int>(workers_.size())) schedule(dynamic) if (workers_.size() > 1)
    for (std::int64_t m = 0; m < n; ++m) {
      try {
        const auto at = static_cast<std::size_t>(m);
        const std::size_t worker = workers_.size() > 1 ? static_cast<std::size_t>(omp_get_thread_num()) : 0;
        results[at] = run_member(*workers_[worker], members_[at], blocks[at]);
      } catch (...) {
#pragma omp critical
        failure = std::current_exception();
      }
    }
    if (failure) std::rethrow_exception(failure);
    return results;
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
  BlockResult run_member(Engine<Real>& engine, MemberStore<Real>& member, const StepBlock& block) {
    if (block.rows.empty()) return {};
    const auto batch = static_cast<std::size_t>(block.batch_size);
    const std::size_t n_steps = (block.rows.size() + batch - 1) / batch;
    if (block.learning_rates.size() != n_steps) {
      throw Error(ExitCode::kSoftware, "internal error: " + std::to_string(block.learning_rates.size()) +
                                           " learning rates for " + std::to_string(n_steps) + " steps");
    }
    return engine.train(member, block);
  }

  ParameterLayout layout_;
  std::vector<MemberStore<Real>> members_;
  std::vector<std::unique_ptr<Engine<Real>>> workers_;  ///< one a thread
};

}  // namespace slalom::cpu
