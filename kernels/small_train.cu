// SPDX-License-Identifier: Apache-2.0
// Trains small networks of a population, a thread block a member, all steps in one launch.
#include "small_network.cuh"

#include "cuda/check.hpp"
#include "device/small_passes.cuh"
#include "device/small_update.cuh"

namespace slalom::cuda {
namespace {

constexpr int kThreads = kSmallWarps * kWarp;

// Computes   for every step of a member: Z = H W^T + b, batch normalisation, H = dropout(h(Z)) layer by layer; loss and
//            its derivative; G = D^T H and D = (D W) h'(Z) back; clipping; the optimiser's update. The formulas are
//            those of src/core; products and their sums use fused multiply-adds, as matrix libraries do.
// Work split block m trains member m with the warps of its plan; the rest of the block leaves at once. A batch goes
//            through the layers in tiles of plan.tile_rows rows; a thread computes 4 x 4 register tiles of a product,
//            of which neighbouring lanes share one where tiles are fewer than threads (device/small_tile.cuh); a warp
//            takes 4 columns for sums over rows (device/small_columns.cuh); a thread updates every threads-th value.
// Memory     everything but the data lives in shared memory for the whole launch: values, gradient, the optimiser's
//            state if it fits (SmallPlan), activations (SmallMemory). Rows of matrices are an odd number of quads
//            apart: 16-byte loads of 8 neighbouring rows, and 4-byte accesses of 8 rows x 4 columns, meet no bank
//            twice. A batch's rows come by cp.async in 16-byte pieces while the tile before is computed, each row once
//            a step; row numbers a tile earlier still.
// Order      barriers of a step without batch normalisation and dropout: one before the tile, one a layer forward, one
//            after the loss, one a layer back; the last of them also tells whether all values are finite. Every sum has
//            one order, which depends only on the network, the batch size, the optimiser's slots and the rows of the
//            batch: parts of a 4 x 4 tile by shuffles, tiles of a batch one after another, losses and norms lane by
//            lane, then warp by warp.
// Bound by   the latency of a step's dependent phases and shared memory: 8 16-byte loads for 64 fused multiply-adds.
//            Global memory: a batch's rows and targets, 64 bytes of constants and 8 of loss a step.
// Test       tests/cuda/small_network_test.cpp and its neighbours.
__global__ void __launch_bounds__(kThreads) small_train_kernel(const __grid_constant__ SmallNetwork net,
                                                               const MemberTask* __restrict__ tasks, int shared_limit) {
  extern __shared__ float4 shared_quads[];
  auto* shared = reinterpret_cast<float*>(shared_quads);
  const MemberTask& task = tasks[blockIdx.x];
  if (task.n_rows == 0) return;
  const SmallPlan plan = small_plan(net, task.batch_size, task.rule.n_slots, shared_limit);
  const SmallCrew crew{.crew = {plan.warps}, .tid = static_cast<int>(threadIdx.x)};
  if (!plan.fits() || crew.tid >= crew.threads()) return;

  const SmallPasses passes(net, plan, shared, crew);
  const SmallStream stream(net, task, plan, shared, crew);
  auto* sums = reinterpret_cast<double*>(shared + plan.memory.sums);
  const DeviceRule rule = task.rule;
  const int n_state = rule.n_slots * net.n_trainable;
  float* state = plan.state_in_shared ? shared + plan.memory.state : task.state;

  fill_zero(shared, plan.memory.total, crew);
  crew.sync();
  SmallTile tile = small_tile(task, plan.tile_rows, 0, 0);
  stream.fetch_indices(tile, 0);
  commit_async();
  load_values(net, crew, task.parameters, passes.values());
  if (plan.state_in_shared) {
    for (int i = crew.tid; i < n_state; i += crew.threads()) state[i] = task.state[i];
  }
  wait_async<0>();
  crew.sync();
  SmallTile next = next_tile(task, plan.tile_rows, tile);
  stream.fetch_rows(tile, 0);
  stream.fetch_indices(next, 1);
  commit_async();

  double loss = 0.0;
  bool bad = false;
  for (int buffer = 0; tile.rows > 0; buffer ^= 1) {
    wait_async<0>();
    crew.sync();
    const SmallTile after = next_tile(task, plan.tile_rows, next);
    stream.fetch_rows(next, buffer ^ 1);
    stream.fetch_indices(after, buffer);
    commit_async();

    const SharedMatrix x = stream.x(buffer);
    passes.forward(tile, x,
                   {.seed = task.seed, .stream = task.stream, .layer = 0, .step = task.first_step + tile.step});
    const double part = apply_loss(net,
                                   {.targets = stream.targets(buffer),
                                    .labels = reinterpret_cast<const std::int32_t*>(stream.targets(buffer)),
                                    .weights = task.data.weights == nullptr ? nullptr : stream.weights(buffer),
                                    .n_rows = tile.rows,
                                    .batch_rows = tile.batch_rows},
                                   passes.outputs(), crew);
    bad = bad || !isfinite(part);
    loss += part;
    if (tile.ends_batch()) {
      const double warp_loss = sum_lanes(loss, kWarp / 2, 1);
      if (crew.lane() == 0) sums[crew.warp()] = warp_loss;
    }
    crew.sync();
    bad = passes.backward(tile, x) || bad;

    if (tile.ends_batch()) {
      bad = crew.crew.any(bad);
      if (crew.tid == 0) {
        double total = 0.0;
        for (int w = 0; w < crew.crew.warps; ++w) total += sums[w];
        task.losses[tile.step] = total / loss_share(net, tile.batch_rows);
        if (bad) *task.first_non_finite = static_cast<std::int32_t>(tile.step);
      }
      if (bad) break;
      loss = 0.0;
      const SmallClip clip = clip_of(net, rule, passes.gradient(), sums + kSmallWarps, crew);
      update_values(net, rule, stream.constants(tile.step), clip, passes.values(), passes.gradient(), state, crew);
    }
    tile = next;
    next = after;
  }

  wait_async<0>();
  crew.sync();
  const float* values = passes.values();
  const auto store = [&](int e, int at) { task.parameters[e] = values[at]; };
  for_each_weight(net, crew, store);
  for_each_vector(net, crew, net.n_total, store);
  if (plan.state_in_shared) {
    for (int i = crew.tid; i < n_state; i += crew.threads()) task.state[i] = state[i];
  }
}

}  // namespace

void launch_small_train(const SmallTrainArguments& a, cudaStream_t stream) {
  if (a.n_members == 0 || a.warps == 0) return;
  SLALOM_CHECK(cudaFuncSetAttribute(small_train_kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, a.shared_limit));
  small_train_kernel<<<static_cast<unsigned>(a.n_members), static_cast<unsigned>(a.warps * kWarp), a.shared_bytes,
                       stream>>>(a.network, a.tasks, a.shared_limit);
  SLALOM_CHECK_LAUNCH(small_train_kernel);
}

}  // namespace slalom::cuda
