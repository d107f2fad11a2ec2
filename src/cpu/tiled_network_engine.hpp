// SPDX-License-Identifier: Apache-2.0
// Models of dense layers in float32, a block of steps at a time: own matrix products with everything else fused into
// or around them, by one thread or several.
#pragma once

#include <vector>

#include <slalom/model.hpp>

#include "cpu/crew.hpp"
#include "cpu/engine.hpp"
#include "cpu/instruction_set.hpp"
#include "cpu/network_buffers.hpp"
#include "cpu/network_products.hpp"
#include "cpu/right_operand.hpp"

namespace slalom::cpu {

/// Every number is the same whatever the number of threads: sums are never cut by it. docs/performance.md: how a step is
/// run and what bounds it.
class TiledNetworkEngine : public Engine<float> {
 public:
  TiledNetworkEngine(const ModelSpec& spec, const Dataset& data, int threads, const InstructionSet& set);
  BlockResult train(MemberStore<float>& member, const StepBlock& block) override;
  void predict(const FeatureView& x, std::span<const std::uint32_t> rows, std::int64_t first,
               std::span<const float> parameters, std::span<float> outputs) override;

 private:
  /// What is fixed for a block of steps.
  struct Run {
    const StepBlock& block;
    MemberStore<float>& member;
    UpdateRangePass update;
  };

  /// What is fixed for a forward pass.
  struct Batch {
    const FeatureView& x;
    const std::uint32_t* rows = nullptr;  ///< null: consecutive ones
    std::int64_t first = 0;               ///< the first of them
    std::int64_t n = 0;
    std::int64_t batch_size = 0;          ///< of whole batches
    const std::uint32_t* next = nullptr;  ///< rows of the batch after it, to prefetch
    std::int64_t n_next = 0;
    const float* parameters = nullptr;
    float* running = nullptr;  ///< the arena whose running statistics are updated; null: prediction
    core::DropoutKey dropout;
  };

  [[nodiscard]] int threads_for(std::int64_t batch_rows) const;
  [[nodiscard]] const ProductKernels& products_of(std::size_t l, const Batch& batch) const {
    return products_.of_layer(l, layout_.layers[l], batch.batch_size);
  }
  /// Weights: transposed for the forward product, as they are for the backward one.
  [[nodiscard]] RightOperand weights_right(const Batch& batch, std::size_t l, bool transposed, const Crew& crew) const;
  /// The layer's input, for the weight gradient.
  [[nodiscard]] RightOperand gradient_right(const Batch& batch, std::size_t l, const Crew& crew) const;
  /// Whether the batch's rows are packed from where they lie in the data, by each of the threads in its own L2, and never
  /// copied: if the products can do that, A is one block, and threads are few.
  [[nodiscard]] bool reads_in_place(const Batch& batch, const Crew& crew) const;
  void make_scratch(int threads, std::int64_t rows, bool training);
  void run_steps(const Run& run, core::StepClock& clock, Crew& crew, BlockResult* result);
  void pack_weights(const Batch& batch, const Crew& crew);
  void gather(const Batch& batch, const Crew& crew);
  void forward(const Batch& batch, Crew& crew);
  void outputs(const Batch& batch, Crew& crew);
  void backward(const Batch& batch, Crew& crew);
  /// Whether layer l's weight gradient is computed the other way round, by products that read A as it lies: of fewer inputs
  /// than a panel has columns, if fewer multiplications are wasted.
  [[nodiscard]] bool turns_gradient(const Batch& batch, std::size_t l) const;
  void turned_weight_gradient(const Batch& batch, std::size_t l, const Crew& crew);
  void weight_gradient(const Batch& batch, std::size_t l, const Crew& crew);
  void prefetch(const Batch& batch, std::int64_t part, std::int64_t parts) const;
  void bias_gradient(const Batch& batch, std::size_t l, const Crew& crew);
  void delta_below(const Batch& batch, std::size_t l, const Crew& crew);
  void normalise(const Batch& batch, std::size_t l, const Crew& crew, bool back);
  void clip(const Run& run, Crew& crew);
  void update(const Run& run, const core::StepConstants<float>& constants, const Crew& crew);

  ModelSpec spec_;
  ParameterLayout layout_;
  FeatureView view_;
  LinearProblem losses_;  ///< what losses need of it
  bool plain_relu_;       ///< no slope has to be kept: it is whether the activation is positive
  int threads_;
  NetworkProducts products_;
  const NetworkKernels& passes_;
  LossPass loss_;
  ActivatePass activate_;
  NetworkBuffers buffers_;
  std::vector<ThreadScratch> scratch_;  ///< one a thread
  AlignedFloats gradient_;              ///< [n_trainable], padding zero
  std::vector<double> squares_;         ///< sums of squares of pieces of the gradient
};

}  // namespace slalom::cpu
