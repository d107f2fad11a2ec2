// SPDX-License-Identifier: Apache-2.0
// Models without hidden layers in float32: one pass over a batch's rows gives predictions, loss and gradient, and the
// optimiser's step follows while everything is in cache.
#pragma once

#include <vector>

#include <slalom/model.hpp>

#include "cpu/compact_rows.hpp"
#include "cpu/crew.hpp"
#include "cpu/engine.hpp"
#include "cpu/linear_kernels.hpp"

namespace slalom::cpu {

/// Batches are cut into chunks by shape alone, and the chunks' gradients are added in order: the numbers depend neither
/// on the number of threads nor on the vector width. docs/performance.md: what bounds it.
class LinearEngine : public Engine<float> {
 public:
  /// compact: of the data, to be used instead of them; null: there are none. Changes no bit.
  LinearEngine(const ModelSpec& spec, const Dataset& data, const CompactRows* compact, int threads,
               const LinearKernels& kernels);
  BlockResult train(MemberStore<float>& member, const StepBlock& block) override;
  void predict(const FeatureView& x, std::span<const std::uint32_t> rows, std::int64_t first,
               std::span<const float> parameters, std::span<float> outputs) override;

 private:
  /// What one thread trains with. All threads of a team hold the same numbers: each applies every step by itself, so
  /// that they need to meet only once a step, to exchange gradients.
  struct Replica {
    AlignedFloats parameters;  ///< in the layout of LinearProblem, as all of these
    AlignedFloats state;
    AlignedFloats gradient;
    AlignedFloats part;  ///< gradient of a chunk
    AlignedFloats scratch;
  };
  /// What a team shares.
  struct Exchange {
    std::vector<AlignedFloats> gradients;  ///< of the chunks of even steps, then of odd steps
    std::vector<double> losses;            ///< likewise
  };
  struct Run;

  [[nodiscard]] std::int64_t chunks_of(std::int64_t batch_rows) const;
  template <class Visit>
  void for_each_run(Visit&& visit) const;
  void load(Replica& replica, MemberStore<float>& member) const;
  void store(const Replica& replica, MemberStore<float>& member) const;
  void run_steps(const Run& run, core::StepClock& clock, Crew& crew, BlockResult* result);
  [[nodiscard]] double gradient_of_step(const Run& run, Replica& replica, std::size_t step, Crew& crew);

  LayerView layer_;
  LinearProblem problem_;
  LossKind loss_;
  int threads_;
  const LinearKernels& kernels_;
  std::vector<Replica> replicas_;  ///< one a thread
  Exchange exchange_;
};

}  // namespace slalom::cpu
