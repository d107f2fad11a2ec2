// SPDX-License-Identifier: Apache-2.0
// A backend on the host: a population of members, each stepped by an engine.
#pragma once

#include <cmath>
#include <exception>
#include <memory>
#include <vector>

#include <omp.h>

#include <slalom/backend.hpp>
#include <slalom/model.hpp>

#include "cpu/engine.hpp"
#include "cpu/member_store.hpp"
#include "cpu/optimizer_step.hpp"

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
        Worker& worker = workers_[workers_.size() > 1 ? static_cast<std::size_t>(omp_get_thread_num()) : 0];
        results[at] = run_member(worker, members_[at], blocks[at]);
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
    workers_[0].engine->predict(x, rows, 0, parameters, outputs);
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
  void add_worker(std::unique_ptr<Engine<Real>> engine) {
    workers_.push_back({std::move(engine), std::vector<Real>(static_cast<std::size_t>(layout_.n_trainable))});
  }

 private:
  /// One thread's scratch.
  struct Worker {
    std::unique_ptr<Engine<Real>> engine;
    std::vector<Real> gradient;
  };

  BlockResult run_member(Worker& worker, MemberStore<Real>& member, const StepBlock& block) {
    BlockResult result;
    if (block.rows.empty()) return result;
    const auto batch = static_cast<std::size_t>(block.batch_size);
    const std::size_t n_steps = (block.rows.size() + batch - 1) / batch;
    if (block.learning_rates.size() != n_steps) {
      throw Error(ExitCode::kSoftware, "internal error: " + std::to_string(block.learning_rates.size()) +
                                           " learning rates for " + std::to_string(n_steps) + " steps");
    }
    worker.engine->reserve(static_cast<std::int64_t>(std::min(batch, block.rows.size())));
    result.losses.reserve(n_steps);
    for (std::size_t s = 0; s < n_steps; ++s) {
      const auto batch_rows = [&](std::size_t step) {
        const std::size_t begin = std::min(step * batch, block.rows.size());
        return block.rows.subspan(begin, std::min(batch, block.rows.size() - begin));
      };
      const core::DropoutKey dropout{.seed = member.config().seed,
                                     .stream = static_cast<std::uint32_t>(member.config().stream),
                                     .layer = 0,
                                     .step = member.clock().step()};
      const double loss = worker.engine->loss_and_gradient(batch_rows(s), batch_rows(s + 1), member.parameters(),
                                                           worker.gradient, dropout);
      result.losses.push_back(loss);
      if (!std::isfinite(loss) || !all_finite(worker.gradient)) {
        result.first_non_finite = static_cast<std::int64_t>(s);
        return result;
      }
      const auto constants = core::round_to<Real>(member.clock().advance(block.learning_rates[s]));
      optimizer_step<Real>(std::span(member.parameters()).first(worker.gradient.size()), worker.gradient,
                           member.state(), static_cast<std::size_t>(layout_.n_weights), member.settings(), constants);
    }
    return result;
  }

  static bool all_finite(const std::vector<Real>& values) {
    Real zero = Real(0);
    for (const Real value : values) zero += value * Real(0);  // NaN as soon as one value is not finite
    return zero == Real(0);
  }

  ParameterLayout layout_;
  std::vector<MemberStore<Real>> members_;
  std::vector<Worker> workers_;
};

}  // namespace slalom::cpu
