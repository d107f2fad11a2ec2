// SPDX-License-Identifier: Apache-2.0
// Models with hidden layers: steps of cuBLASLt products and fused kernels, replayed as CUDA graphs.
#pragma once

#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "cuda/engine.hpp"
#include "cuda/graph.hpp"
#include "cuda/handle.hpp"
#include "cuda/network_memory.hpp"
#include "cuda/network_plans.hpp"
#include "cuda/network_shape.hpp"

namespace slalom::cuda {

/// Runs each member's steps as graphs of 64 steps, then 32, 16, 8, 4, 2 and 1 for the rest and one for the last short
/// batch. Graphs are recorded by reserve(), or by prepare() if they are missing, and kept: they read what differs
/// between calls and members from a slot in device memory. Where there is no memory for long ones, all are shorter; the
/// steps are the same. Members run one after another: their products are meant to fill the device, they share the memory
/// that graphs work on, and so a member's numbers cannot depend on the others.
class NetworkEngine : public DeviceEngine {
 public:
  static constexpr std::int64_t kGraphSteps = 64;  ///< a power of two
  static constexpr std::int64_t kPredictionRows = 2048;

  NetworkEngine(const ModelSpec& spec, const NetworkOptions& options, Shortages* shortages = nullptr);

  [[nodiscard]] std::string description() const override;
  [[nodiscard]] std::int64_t memory_bytes() const noexcept override {
    return training_.memory_bytes() + prediction_.memory_bytes();
  }
  bool release_training() override;
  bool release_prediction() override;
  void reserve(std::span<MemberTask> epochs) override;
  void prepare(std::span<MemberTask> tasks) override;
  void reserve_prediction(std::int64_t rows) override;
  void run(std::span<const MemberTask> tasks, const MemberTask* device_tasks, cudaStream_t stream) override;
  void predict(const float* parameters, const DeviceFeatures& x, const std::uint32_t* rows, std::int64_t n_rows,
               float* outputs, cudaStream_t stream) override;

  /// What a graph was recorded for.
  struct GraphKey {
    std::int64_t rows = 0;  ///< of a batch
    std::int64_t steps = 1;
    std::size_t parity = 0;  ///< which copy of the parameters its first step reads
    bool clips_norm = false;
    friend bool operator<(const GraphKey& a, const GraphKey& b) {
      return std::tie(a.rows, a.steps, a.parity, a.clips_norm) < std::tie(b.rows, b.steps, b.parity, b.clips_norm);
    }
  };
  /// For tests: how often graphs were launched, and the graphs that there are.
  [[nodiscard]] std::int64_t graph_launches() const noexcept { return graph_launches_; }
  [[nodiscard]] const std::map<GraphKey, RecordedGraph>& graphs() const noexcept { return graphs_; }

 private:
  void run_member(const MemberTask& task, const MemberTask* device_task, cudaStream_t stream);
  template <class Visit>
  void for_each_graph(const MemberTask& task, Visit&& visit) const;
  template <class Visit>
  void for_each_graph_within(const MemberTask& epoch, Visit&& visit) const;
  void make_room(std::span<const MemberTask> tasks);
  template <class MakeGraphs>
  void shorten_until(MakeGraphs&& make_graphs);
  const RecordedGraph& graph_of(const GraphKey& key);
  const std::vector<LayerPlans>& plans_of(std::int64_t rows);
  const std::vector<ForwardPlan>& prediction_plans_of(std::int64_t rows);

  NetworkShape shape_;
  BlasLt blas_;
  Stream own_stream_;  ///< graphs are recorded and memory is cleared on it; steps run on the caller's
  TrainingMemory training_;
  PredictionMemory prediction_;
  std::map<std::int64_t, std::vector<LayerPlans>> plans_;  ///< by rows
  std::map<std::int64_t, std::vector<ForwardPlan>> prediction_plans_;
  std::int64_t graph_steps_ = kGraphSteps;  ///< of the longest graph that there is memory for
  Shortages* shortages_;
  std::map<GraphKey, RecordedGraph> graphs_;
  std::int64_t graph_launches_ = 0;
};

}  // namespace slalom::cuda
