// SPDX-License-Identifier: Apache-2.0
// The contract between the trainer and whatever computes: a backend trains a population, a block of steps at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <slalom/config.hpp>
#include <slalom/dataset.hpp>
#include <slalom/metrics.hpp>

namespace slalom {

/// One independent model of the population. All members share the ModelSpec and the training data.
struct MemberConfig {
  OptimizerConfig optimizer;  ///< the learning rate in it is not used: StepBlock carries one per step
  std::uint64_t seed = 1;     ///< keys the dropout masks together with `stream`
  std::uint64_t stream = 0;   ///< tells members with the same seed apart (restart or fold number)
};

/// What one member is to do in a call of `Backend::run`: consecutive mini-batches of `rows`.
struct StepBlock {
  std::span<const std::uint32_t> rows;     ///< row indices of the training data in visiting order
  std::int64_t batch_size = 1;             ///< >= 1; the last batch is what is left and is averaged over its own size
  std::span<const double> learning_rates;  ///< one per step: ceil(rows.size() / batch_size)
};

/// What a member's epochs will look like, for `Backend::reserve`.
struct EpochShape {
  std::int64_t n_rows = 0;       ///< visited in an epoch, by all its blocks together
  std::int64_t batch_size = 1;   ///< of its blocks, >= 1
  std::int64_t n_evaluated = 0;  ///< rows of the training data on which evaluate() will be called; 0: it will not be
};

/// What a block did. A step's loss is the mean data loss of its batch before the step's update, without penalties, in
/// the units of the stored targets.
struct BlockResult {
  std::vector<double> losses;          ///< one per step
  std::int64_t first_non_finite = -1;  ///< first step of the block whose loss or gradient was not finite; -1: none
};

/// Everything needed to go on training bit-identically. Values are float32 numbers for the cpu and cuda backends.
struct MemberState {
  std::int64_t step = 0;                ///< optimiser steps done
  std::vector<double> parameters;       ///< the arena (ParameterLayout order, buffers and padding included)
  std::vector<double> optimizer_state;  ///< slot after slot, each of ParameterLayout::n_trainable values
  std::vector<double> clock;            ///< what the rule remembers of the steps themselves; empty: nothing
};

/// Device-side copies of a member's state: for early stopping, and two that take turns for recovery.
enum class SnapshotSlot { kBest, kGood, kSpare };
inline constexpr std::size_t kSnapshotSlots = 3;

/// Trains a population of P >= 1 models over one resident training set and evaluates them. Not thread-safe.
/// A member's numbers do not depend on the other members, nor on how its steps are cut into blocks, nor on the thread
/// count.
class Backend {
 public:
  virtual ~Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  [[nodiscard]] virtual DeviceKind device() const noexcept = 0;
  /// For people: "cpu, 2 threads, float32".
  [[nodiscard]] virtual std::string description() const = 0;
  [[nodiscard]] const ModelSpec& spec() const noexcept { return spec_; }
  [[nodiscard]] std::int64_t n_members() const noexcept { return n_members_; }

  /// Bytes that the backend holds on its device for data, parameters, optimiser states and work, as far as it counts
  /// them. By default it does not.
  [[nodiscard]] virtual std::optional<std::int64_t> memory_bytes() const { return std::nullopt; }

  /// What the backend had to do otherwise than it was asked, to go on with the memory there is: one line each, for
  /// people, and only once. Results do not depend on it.
  [[nodiscard]] virtual std::vector<std::string> take_notes() { return {}; }

  /// Runs one block for every member (blocks.size() == n_members(); empty rows: that member rests). Returns one result
  /// each.
  [[nodiscard]] virtual std::vector<BlockResult> run(std::span<const StepBlock> blocks) = 0;

  /// Gives a member's block, and takes what it did.
  using BlockOf = std::function<StepBlock(std::int64_t member)>;
  using TakeResult = std::function<void(std::int64_t member, const BlockResult& result)>;

  /// run(), member by member: asks for each one's block, and hands its result over. A backend that trains members one
  /// after another does both on the thread that trains the member, right before and after: what is drawn for the block
  /// is then in that core's cache. Both are called once a member, on any threads, for different members at once. By
  /// default all blocks are asked for first. If one of the two throws, so does this; some members have been trained then.
  virtual void run_each(const BlockOf& block_of, const TakeResult& take_result);

  /// Whether prefetch() makes a difference: then begin(), prefetch() and finish() serve better than run_each().
  [[nodiscard]] virtual bool looks_ahead() const noexcept { return false; }

  /// run() in two halves: begin() starts the blocks and may return at once, finish() waits for them. What the
  /// blocks' spans point to stays as it is until then. In between, only prefetch() may be called. By default finish()
  /// does it all.
  virtual void begin(std::span<const StepBlock> blocks) { begun_.assign(blocks.begin(), blocks.end()); }
  [[nodiscard]] virtual std::vector<BlockResult> finish() { return run(begun_); }

  /// Called between begin() and finish(): the blocks that the next begin() will probably get, so that a device can be
  /// sent their rows while it computes. Only a hint, in place of an earlier one, but what the spans point to stays as
  /// it is until that begin() or forget(). By default nothing is done.
  virtual void prefetch(std::span<const StepBlock>) {}

  /// Takes the hint back; called at any time.
  virtual void forget() noexcept {}

  /// A promise that `data` stays where it is and as it is as long as the backend: one that computes elsewhere may then
  /// send it there once, for all calls of predict and evaluate on it. The training data needs none. By default it makes
  /// no difference.
  virtual void keep(const Dataset&) {}

  /// Called before training, with one shape a member: makes room for blocks of such epochs and for evaluations, of data
  /// that was promised to `keep` as well, so that none of them has to allocate. Blocks that do not fit the shapes are
  /// run as well. By default nothing is done.
  virtual void reserve(std::span<const EpochShape>) {}

  /// Raw outputs (logits, or predictions in stored-target units) of the given rows of `x`: [rows.size(), n_outputs]
  /// row-major. An empty `rows` means all rows in order. Uses the parameters that evaluation uses (the mean for
  /// averaged SGD, running statistics for batch normalisation, no dropout). outputs.size() must be rows * n_outputs.
  virtual void predict(std::int64_t member, const FeatureView& x, std::span<const std::uint32_t> rows,
                       std::span<float> outputs) = 0;

  /// Loss and metrics over rows of a dataset (empty: all). The default computes them from `predict` on the host.
  [[nodiscard]] virtual Metrics evaluate(std::int64_t member, const Dataset& data, std::span<const std::uint32_t> rows);

  [[nodiscard]] virtual MemberState export_state(std::int64_t member) const = 0;
  /// Throws DataError if the sizes do not fit the spec and the member's optimiser.
  virtual void import_state(std::int64_t member, const MemberState& state) = 0;
  /// The arena that predict uses (differs from export_state().parameters for averaged SGD).
  [[nodiscard]] virtual std::vector<double> evaluation_parameters(std::int64_t member) const = 0;

  virtual void save(std::int64_t member, SnapshotSlot slot) = 0;
  /// Throws Error(kSoftware) if the slot was never saved.
  virtual void restore(std::int64_t member, SnapshotSlot slot) = 0;

 protected:
  Backend(ModelSpec spec, std::int64_t n_members) : spec_(std::move(spec)), n_members_(n_members) {}

 private:
  ModelSpec spec_;
  std::int64_t n_members_;
  std::vector<StepBlock> begun_;
};

/// Resources a backend may use.
struct BackendOptions {
  int threads = 0;  ///< CPU threads; 0: all cores this process may use
  /// How networks multiply matrices on a CUDA device: fp32; tf32: float32 rounded to 10 bits of fraction; bf16:
  /// bfloat16 weights and activations, float32 master weights. Sums are float32 in all of them. Only fp32 elsewhere.
  Precision precision = Precision::kFp32;
  /// Bytes of device memory that training and validation data may take; 0: what is free. Training data that needs more
  /// is streamed from the host, with the same results.
  std::int64_t device_memory = 0;
  /// What kAuto decides by, besides model, data and members.
  struct Expected {
    std::int64_t batch_size = 64;  ///< 0: all rows
    std::int64_t epochs = 0;       ///< 0: only predictions
    std::int64_t max_steps = 0;    ///< 0: no limit
  } expected;
};

/// Makes the backend for `device` (kAuto: the one expected to be faster for this job; `reason` then gets one line for
/// people). `train` must outlive the backend. All members start with zero parameters: call import_state or initialize
/// (model.hpp). Throws DeviceError when the device is not there.
std::unique_ptr<Backend> make_backend(DeviceKind device, const ModelSpec& spec, const Dataset& train,
                                      std::span<const MemberConfig> members, const BackendOptions& options = {},
                                      std::string* reason = nullptr);

}  // namespace slalom
