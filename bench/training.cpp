// SPDX-License-Identifier: Apache-2.0
// The timed loops over epochs and steps.
#include "training.hpp"

#include <numeric>
#include <optional>
#include <utility>

#include "core/stopwatch.hpp"
#include "data/sampler.hpp"
#include "train/order_pool.hpp"
#include "train/start_members.hpp"

namespace slalom::bench {
namespace {

using benchmark::Counter;

/// Has the backend run the checked steps of all members from their initial parameters. Returns what is wrong.
std::optional<std::string> check(Backend& backend, Trial& trial) {
  const Problem& problem = trial.problem;
  training::start_members(backend, members_of(problem));
  const auto n_rows = static_cast<std::int64_t>(trial.first.rows().size());
  const std::vector<double> rates(static_cast<std::size_t>(steps_of(problem, n_rows)), learning_rate(problem));
  const StepBlock block{.rows = trial.first.rows(), .batch_size = problem.batch_size, .learning_rates = rates};
  std::vector<StepBlock> blocks(static_cast<std::size_t>(problem.n_members), block);
  if (trial.last) blocks.back().rows = trial.last->rows();
  const std::vector<BlockResult> results = backend.run(blocks);
  if (const auto objection = trial.first.objection(backend, 0, results.front())) return objection;
  if (!trial.last) return std::nullopt;
  const auto objection = trial.last->objection(backend, problem.n_members - 1, results.back());
  if (!objection) return std::nullopt;
  return "the last member's " + *objection;
}

/// Whole epochs of all members, one block a member and epoch, prepared as the trainer does it: for a device the next
/// epoch's order is drawn and announced while this one runs; for others each member's right before its steps.
class Epochs {
 public:
  Epochs(Backend& backend, const Problem& problem, Visit visit)
      : backend_(backend),
        batch_size_(problem.batch_size),
        rates_(static_cast<std::size_t>(steps_of(problem, problem.n_rows)), learning_rate(problem)) {
    for (std::int64_t m = 0; m < problem.n_members; ++m) {
      samplers_.emplace_back(problem.n_rows, std::vector<std::uint32_t>{}, 1, static_cast<std::uint32_t>(m),
                             visit == Visit::kShuffled);
    }
    next_ = blocks_of(0);
  }

  void run_epoch() {
    if (!backend_.looks_ahead()) {
      run_each(++epoch_);
      return;
    }
    const std::vector<StepBlock> blocks = std::move(next_);
    backend_.begin(blocks);
    next_ = blocks_of(++epoch_);
    backend_.prefetch(next_);
    results_ = backend_.finish();
  }

  /// The same epoch again, which costs no drawing.
  void run_steps() { results_ = backend_.run(next_); }

  /// Mean of the step losses of the first member's last epoch; not a number if a step was not finite.
  [[nodiscard]] double loss() const {
    const BlockResult& result = results_.front();
    if (result.first_non_finite >= 0) return std::numeric_limits<double>::quiet_NaN();
    return std::accumulate(result.losses.begin(), result.losses.end(), 0.0) / static_cast<double>(result.losses.size());
  }

 private:
  void run_each(std::int64_t epoch) {
    orders_.resize(samplers_.size());
    results_.resize(samplers_.size());
    backend_.run_each(
        [&](std::int64_t member) {
          const auto m = static_cast<std::size_t>(member);
          orders_[m] = order_pool_.take();
          samplers_[m].draw(epoch, orders_[m]);
          return StepBlock{.rows = orders_[m], .batch_size = batch_size_, .learning_rates = rates_};
        },
        [&](std::int64_t member, const BlockResult& result) {
          const auto m = static_cast<std::size_t>(member);
          results_[m] = result;
          order_pool_.give_back(std::move(orders_[m]));
        });
  }

  [[nodiscard]] std::vector<StepBlock> blocks_of(std::int64_t epoch) {
    std::vector<StepBlock> blocks;
    for (data::Sampler& sampler : samplers_) {
      blocks.push_back({.rows = sampler.order(epoch), .batch_size = batch_size_, .learning_rates = rates_});
    }
    return blocks;
  }

  Backend& backend_;
  std::int64_t batch_size_;
  std::vector<double> rates_;
  std::vector<data::Sampler> samplers_;
  std::int64_t epoch_ = 0;
  std::vector<StepBlock> next_;
  std::vector<BlockResult> results_;
  std::vector<std::vector<std::uint32_t>> orders_;
  training::OrderPool order_pool_;
};

}  // namespace

void time_training(benchmark::State& state, Suite& suite, const Run& run) {
  Trial& trial = suite.trial(run.problem);
  const Problem& problem = run.problem;
  const auto backend = suite.make(run.device, trial, run.threads);
  if (const auto objection = check(*backend, trial)) {
    suite.fail(state, *objection);
    return;
  }
  const std::int64_t steps = steps_of(problem, problem.n_rows);
  Epochs epochs(*backend, problem, run.visit);
  core::Clock::time_point start;
  double share = 1.0;  // of an epoch, an iteration
  if (run.timed == Timed::kEpoch) {
    epochs.run_epoch();  // warm caches, and anything that a backend makes once
    start = core::Clock::now();
    for (auto _ : state) epochs.run_epoch();
  } else {
    epochs.run_steps();
    start = core::Clock::now();
    while (state.KeepRunningBatch(steps)) epochs.run_steps();
    share = 1.0 / static_cast<double>(steps);
  }
  const double seconds = core::seconds_since(start);
  if (!(epochs.loss() <= trial.first.initial_loss())) {
    suite.fail(state, "the timed epochs end at a loss of " + std::to_string(epochs.loss()) +
                          ", which is no better than " + std::to_string(trial.first.initial_loss()) + " at the start");
    return;
  }
  const double rows = share * static_cast<double>(problem.n_rows * problem.n_members);
  const Work row = work_of_row(problem);
  const int threads = run.device == DeviceKind::kCpu ? run.threads : 1;
  state.SetLabel(backend->description());
  count_rate(state, "samples/s", rows);
  const Work done{.bytes = rows * row.bytes, .flops = rows * row.flops};
  count_rate(state, "bytes/s", done.bytes);
  count_rate(state, "FLOP/s", done.flops);
  count_roofline(state, suite.machine().speed(run.device, working_set(problem), threads).floor_seconds(done), seconds);
  state.counters["s/step"] = Counter(static_cast<double>(state.iterations()) * share * static_cast<double>(steps),
                                     Counter::kIsRate | Counter::kInvert);
}

}  // namespace slalom::bench
