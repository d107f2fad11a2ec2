// SPDX-License-Identifier: Apache-2.0
// The training loop over a population.
#include <slalom/trainer.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include <slalom/error.hpp>

#include "core/parallel.hpp"
#include "core/stopwatch.hpp"
#include "train/checkpointer.hpp"
#include "train/divergence.hpp"
#include "train/guard.hpp"
#include "train/member_run.hpp"
#include "train/order_pool.hpp"
#include "train/zero_loss.hpp"

namespace slalom {
namespace {

using core::Clock;
using core::seconds_since;
using training::Divergence;
using training::Guard;
using training::MemberRun;
using training::RunState;

constexpr double kBlockSeconds = 0.25;          ///< progress appears about four times a second
constexpr std::int64_t kFirstBlockSteps = 256;  ///< of a block whose speed is not known yet, at least
constexpr std::int64_t kMostFirstSteps = 4096;
constexpr std::int64_t kFirstProducts = std::int64_t{1} << 28;  ///< multiplications of forward passes, of all members
constexpr std::int64_t kFirstMemberSteps = std::int64_t{1} << 20;  ///< steps of all members
constexpr std::int64_t kRowsWorthThreads = std::int64_t{1} << 17;  ///< of all members: a millisecond of drawing

/// Steps a block of `block_seconds` should have, from the speed of the one before.
std::int64_t next_block_steps(std::int64_t steps, double seconds, double block_seconds) {
  if (seconds <= 0.0) return steps * 4;
  const double wanted = static_cast<double>(steps) * std::max(block_seconds, 0.0) / seconds;
  return std::clamp<std::int64_t>(static_cast<std::int64_t>(wanted), 1, steps * 4);
}

/// Steps of the first block: whole epochs of small models, but no more than takes about a quarter of a second.
std::int64_t first_block_steps(const ModelSpec& spec, const std::vector<MemberRun>& runs) {
  const std::int64_t n_weights = ParameterLayout(spec).n_weights;
  std::int64_t products = 1;  // of a step of every member
  for (const MemberRun& run : runs) products += run.batch_size() * n_weights;
  const std::int64_t by_members = kFirstMemberSteps / static_cast<std::int64_t>(runs.size());
  return std::clamp(std::min(kFirstProducts / products, by_members), kFirstBlockSteps, kMostFirstSteps);
}

/// The same settings for every member, each with its own stream.
std::vector<MemberPlan> plans_of(const TrainerConfig& config, std::span<const MemberRows> rows,
                                 std::int64_t n_members) {
  std::vector<MemberPlan> plans;
  plans.reserve(static_cast<std::size_t>(n_members));
  for (std::int64_t m = 0; m < n_members; ++m) {
    plans.push_back({.trainer = config,
                     .stream = static_cast<std::uint32_t>(m),
                     .rows = rows.empty() ? MemberRows{} : rows[static_cast<std::size_t>(m)]});
  }
  return plans;
}

/// One run of `train`, so that its parts can be small.
class Loop {
 public:
  Loop(Backend& backend, const Dataset& train, const Dataset* valid, std::span<const MemberPlan> plans,
       std::span<Observer* const> observers, Judge* judge, training::Checkpointer* checkpointer)
      : backend_(backend),
        train_(train),
        valid_(valid),
        plans_(plans),
        observers_(observers),
        judge_(judge),
        checkpointer_(checkpointer),
        unit_(loss_unit_factor(backend.spec(), train)) {
    for (const MemberPlan& plan : plans) {
      runs_.emplace_back(plan.trainer, train.n_rows, plan.rows.train_rows, plan.stream);
      longest_epoch_ = std::max(longest_epoch_, runs_.back().steps_per_epoch());
    }
    blocks_.resize(runs_.size());
    blocks_after_.resize(runs_.size());
    orders_.resize(runs_.size());
    watch_losses();
    block_steps_ = steps_after_ = first_block_steps(backend.spec(), runs_);
    const auto limited = [](const MemberPlan& plan) { return plan.trainer.max_seconds > 0.0; };
    if (std::any_of(plans.begin(), plans.end(), limited)) block_steps_ = steps_after_ = 1;  // speed unknown
  }

  ~Loop() { backend_.forget(); }  // the blocks that were announced point into this object
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  TrainResult run(const std::atomic<bool>* stop) {
    if (checkpointer_ != nullptr) seconds_before_ = training_seconds_ = checkpointer_->resume(backend_, runs_);
    start_guards();
    reserve_memory();
    while (any_active()) {
      run_block();
      finish_epochs();
      keep_good_states();
      if (stop != nullptr && stop->load()) stop_all(StopReason::kInterrupted);
      stop_late_members();
      for (std::size_t m = 0; m < runs_.size(); ++m) check_end(m);
      if (checkpointer_ != nullptr) checkpointer_->after_block(backend_, runs_, guards_, training_seconds_);
      pass_notes_on();
    }
    if (checkpointer_ != nullptr) checkpointer_->finish(backend_, runs_, guards_, training_seconds_);
    return collect();
  }

 private:
  void reserve_memory() {
    std::vector<EpochShape> shapes;
    for (std::size_t m = 0; m < runs_.size(); ++m) {
      shapes.push_back({.n_rows = runs_[m].rows_per_epoch(),
                        .batch_size = runs_[m].batch_size(),
                        .n_evaluated = static_cast<std::int64_t>(plans_[m].rows.valid_rows.size())});
    }
    backend_.reserve(shapes);
  }

  void pass_notes_on() {
    for (const std::string& note : backend_.take_notes()) {
      for (Observer* observer : observers_) observer->on_note(note);
    }
  }

  [[nodiscard]] bool any_active() const {
    return std::any_of(runs_.begin(), runs_.end(), [](const MemberRun& run) { return run.active(); });
  }
  void stop_all(StopReason reason) {
    for (MemberRun& run : runs_) run.stop(reason);
  }

  void stop_late_members() {
    const double seconds = seconds_since(start_);
    for (std::size_t m = 0; m < runs_.size(); ++m) {
      const double limit = plans_[m].trainer.max_seconds;
      if (limit > 0.0 && seconds >= limit) runs_[m].stop(StopReason::kTime);
    }
  }

  /// Steps of member m in a block of `steps` steps of the member with the longest epoch: the same part of its own.
  [[nodiscard]] std::int64_t share_of(std::size_t m, std::int64_t steps) const {
    const std::int64_t own = runs_[m].steps_per_epoch();
    if (own == longest_epoch_) return steps;
    const double share = static_cast<double>(own) / static_cast<double>(longest_epoch_);
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(static_cast<double>(steps) * share)));
  }

  /// With a judge: has ended the epoch that others are still in.
  [[nodiscard]] bool waits(std::size_t m) const { return judge_ != nullptr && runs_[m].epoch() > rounds_; }

  /// True if the running blocks end the epoch of member m, or it waits already.
  [[nodiscard]] bool will_wait(std::size_t m) const { return waits(m) || runs_[m].ends_epoch(blocks_[m]); }

  /// The blocks after the running ones, by what can be known now.
  void foresee_blocks() {
    bool round_ends = true;
    for (std::size_t m = 0; m < runs_.size(); ++m) round_ends = round_ends && (!runs_[m].active() || will_wait(m));
    for_each_run([&](std::size_t m) {
      const bool rests = judge_ != nullptr && !round_ends && will_wait(m);
      blocks_after_[m] = rests ? StepBlock{} : runs_[m].block_after(blocks_[m], share_of(m, steps_after_));
    });
  }

  /// In parallel if that is worth while: a member may have to draw its epoch's order, or take in as many losses.
  template <class Body>
  void for_each_run(Body&& body) {
    const auto n_members = static_cast<std::int64_t>(runs_.size());
    core::parallel_for(n_members, n_members * train_.n_rows >= kRowsWorthThreads ? plans_[0].trainer.threads : 1,
                       [&](std::int64_t m) { body(static_cast<std::size_t>(m)); });
  }

  /// The next block of member m.
  StepBlock next_block(std::size_t m, std::vector<std::uint32_t>* whole) {
    return waits(m) ? StepBlock{} : runs_[m].next_block(share_of(m, block_steps_), whole);
  }

  void absorb(std::size_t m, const BlockResult& result) {
    if (!blocks_[m].rows.empty()) divergences_[m] = runs_[m].absorb(result);
  }

  /// All blocks at once, and what will come after them.
  void run_looking_ahead() {
    for_each_run([this](std::size_t m) { blocks_[m] = next_block(m, nullptr); });
    backend_.begin(blocks_);
    foresee_blocks();
    backend_.prefetch(blocks_after_);
    const std::vector<BlockResult> results = backend_.finish();
    for_each_run([&](std::size_t m) { absorb(m, results[m]); });
  }

  /// Each member's block as soon as the backend comes to it.
  void run_in_turn() {
    backend_.run_each(
        [this](std::int64_t member) {
          const auto m = static_cast<std::size_t>(member);
          orders_[m] = order_pool_.take();
          return blocks_[m] = next_block(m, &orders_[m]);
        },
        [this](std::int64_t member, const BlockResult& result) {
          const auto m = static_cast<std::size_t>(member);
          absorb(m, result);
          order_pool_.give_back(std::move(orders_[m]));
        });
  }

  void run_block() {
    const Clock::time_point began = Clock::now();
    divergences_.assign(runs_.size(), std::nullopt);
    if (backend_.looks_ahead()) {
      run_looking_ahead();
    } else {
      run_in_turn();
    }
    const double seconds = seconds_since(began);
    training_seconds_ += seconds;
    std::int64_t longest = 0;
    for (const StepBlock& block : blocks_) {
      longest = std::max(longest, static_cast<std::int64_t>(block.learning_rates.size()));
    }
    block_steps_ = steps_after_;  // decided before this block's speed is known, so that it could be foreseen
    steps_after_ = next_block_steps(std::max<std::int64_t>(longest, 1), seconds, block_seconds());
    for (std::size_t m = 0; m < runs_.size(); ++m) {
      if (blocks_[m].rows.empty()) continue;
      if (divergences_[m]) {
        overcome(m, *divergences_[m]);
      } else {
        report_progress(static_cast<std::int64_t>(m));
      }
    }
  }

  [[nodiscard]] bool has_guard(std::size_t m) const { return plans_[m].trainer.guard.on && judge_ == nullptr; }

  void watch_losses() {
    for (std::size_t m = 0; m < runs_.size(); ++m) {
      if (!has_guard(m)) continue;
      runs_[m].watch_losses(training::zero_loss(backend_.spec(), train_, plans_[m].rows.train_rows));
    }
  }

  void start_guards() {
    guards_.resize(runs_.size());
    for (std::size_t m = 0; m < runs_.size(); ++m) {
      if (!has_guard(m)) continue;
      const auto kept =
          checkpointer_ != nullptr ? checkpointer_->good_states(m) : std::span<const training::GoodState>{};
      guards_[m].emplace(backend_, static_cast<std::int64_t>(m), runs_[m], unit_, kept);
    }
  }

  void keep_good_states() {
    for (std::size_t m = 0; m < runs_.size(); ++m) {
      if (guards_[m] && !blocks_[m].rows.empty() && !runs_[m].diverged()) guards_[m]->keep(runs_[m]);
    }
  }

  /// Goes back to a good state with a lower rate if the member's guard can, else ends the member on what it has.
  void overcome(std::size_t m, const Divergence& divergence) {
    std::optional<Guard>& guard = guards_[m];
    const std::optional<GuardEvent> event = guard ? guard->recover(runs_[m], divergence) : std::nullopt;
    if (event) {
      backend_.forget();  // the blocks that were announced are not those that come
      for (Observer* observer : observers_) observer->on_guard(*event);
      return;
    }
    const std::vector<GuardEvent> before = guard ? guard->events() : std::vector<GuardEvent>{};
    if (guard) guard->fall_back(runs_[m], divergence);
    runs_[m].diverge(training::message_of(divergence, before));
  }

  /// Where a member with a guard has just stopped: looks at what the very last update did, which no later loss shows.
  void check_end(std::size_t m) {
    MemberRun& run = runs_[m];
    if (!guards_[m] || blocks_[m].rows.empty() || run.diverged() || run.active()) return;
    if (returns_to_best(m) || has_finite_parameters(m)) return;
    const StopReason reason = run.reason();
    overcome(m, run.last_update(Trouble::kParametersNotFinite));
    const bool out_of_time = reason == StopReason::kTime || reason == StopReason::kInterrupted;
    if (out_of_time && run.active()) run.stop(reason);
  }

  /// Ends the epoch of every member that has visited all its rows, or was stopped in the middle of one.
  void finish_epochs() {
    for (std::size_t m = 0; m < runs_.size(); ++m) {
      MemberRun& run = runs_[m];
      const bool cut_short = !run.active() && run.step_in_epoch() > 0 && run.reason() == StopReason::kSteps;
      if (blocks_[m].rows.empty() || run.diverged() || !(run.epoch_complete() || cut_short)) continue;
      const auto member = static_cast<std::int64_t>(m);
      EpochReport report{
          .member = member, .epoch = run.epoch() + 1, .epochs = plans_[m].trainer.epochs, .step = run.step()};
      report.train_loss = run.epoch_loss() * unit_;
      report.learning_rate = run.learning_rate();
      report.valid = validate_member(member);
      report.seconds = seconds();
      report.samples_per_second = speed();
      report.device_memory_bytes = backend_.memory_bytes();
      const double watched = report.valid ? report.valid->loss : report.train_loss;
      const bool best = run.end_epoch(watched, report.train_loss);
      if (best && run.keeps_best()) backend_.save(member, SnapshotSlot::kBest);
      for (Observer* observer : observers_) observer->on_epoch(report);
      if (judge_ != nullptr) round_.push_back(report);
    }
    end_round();
  }

  /// Lets the judge decide once no member is in the middle of the epoch.
  void end_round() {
    if (judge_ == nullptr || round_.empty()) return;
    for (std::size_t m = 0; m < runs_.size(); ++m) {
      if (runs_[m].active() && !waits(m)) return;
    }
    for (const std::int64_t member : judge_->give_up(round_)) {
      runs_.at(static_cast<std::size_t>(member)).stop(StopReason::kGivenUp);
    }
    round_.clear();
    ++rounds_;
  }

  /// Early stopping returns to the best parameters; otherwise the last ones are the result.
  [[nodiscard]] bool returns_to_best(std::size_t m) const {
    return runs_[m].keeps_best() && runs_[m].state().best_epoch > 0;
  }

  /// The best parameters of a member that diverged may be those of an epoch in which it had begun to.
  [[nodiscard]] bool has_good_best(std::size_t m) const {
    const RunState& state = runs_[m].state();
    return returns_to_best(m) && state.watched_loss <= training::LossWatch::kCalm * unit_ * state.watch.floor;
  }

  std::optional<Metrics> validate_member(std::int64_t member) {
    const std::vector<std::uint32_t>& own_rows = plans_[static_cast<std::size_t>(member)].rows.valid_rows;
    if (!own_rows.empty()) return backend_.evaluate(member, train_, own_rows);
    if (valid_ != nullptr) return backend_.evaluate(member, *valid_, {});
    return std::nullopt;
  }

  /// A block must not run far beyond --max-time.
  [[nodiscard]] double block_seconds() const {
    double left = kBlockSeconds;
    for (std::size_t m = 0; m < runs_.size(); ++m) {
      const double limit = plans_[m].trainer.max_seconds;
      if (limit > 0.0 && runs_[m].active()) left = std::min(left, limit - seconds_since(start_));
    }
    return left;
  }

  /// Since the run began, less the times between a checkpoint and going on from it.
  [[nodiscard]] double seconds() const { return seconds_before_ + seconds_since(start_); }

  [[nodiscard]] double speed() const {
    std::int64_t samples = 0;
    for (const MemberRun& run : runs_) samples += run.state().samples;
    return training_seconds_ > 0.0 ? static_cast<double>(samples) / training_seconds_ : 0.0;
  }

  void report_progress(std::int64_t member) {
    const MemberRun& run = runs_[static_cast<std::size_t>(member)];
    const Progress progress{.member = member,
                            .epoch = run.epoch() + 1,
                            .epochs = plans_[static_cast<std::size_t>(member)].trainer.epochs,
                            .step = run.step(),
                            .steps_per_epoch = run.steps_per_epoch(),
                            .loss = run.epoch_loss() * unit_,
                            .learning_rate = run.learning_rate(),
                            .samples_per_second = speed(),
                            .seconds = seconds()};
    for (Observer* observer : observers_) observer->on_progress(progress);
  }

  TrainResult collect() {
    TrainResult result;
    result.seconds = training_seconds_;
    double lowest = std::numeric_limits<double>::infinity();
    bool survived = false;
    for (std::size_t m = 0; m < runs_.size(); ++m) {
      const auto member = static_cast<std::int64_t>(m);
      if (returns_to_best(m)) backend_.restore(member, SnapshotSlot::kBest);
      if (!runs_[m].diverged() && !has_finite_parameters(m)) {
        runs_[m].diverge(training::message_of(runs_[m].last_update(Trouble::kParametersNotFinite), {}));
      }
      MemberResult own = runs_[m].result();
      if (!returns_to_best(m)) own.best_epoch = own.epochs;
      if (guards_[m]) {
        own.guard = guards_[m]->events();
        own.on_good_state = runs_[m].diverged() && (guards_[m]->fell_back() || has_good_best(m));
      }
      result.samples += runs_[m].state().samples;
      result.steps += runs_[m].state().steps_run;
      if (!runs_[m].diverged()) {
        if (const std::optional<Metrics> valid = runs_.size() > 1 ? validate_member(member) : std::nullopt) {
          own.watched_loss = valid->loss;  // of the parameters that are kept
        }
        if (!survived || own.watched_loss < lowest) {
          lowest = own.watched_loss;
          result.best_member = member;
        }
        survived = true;
      }
      result.members.push_back(std::move(own));
    }
    if (!survived) result.best_member = best_of_diverged(result.members);
    return result;
  }

  /// The parameters of a last good state are better than none.
  static std::int64_t best_of_diverged(const std::vector<MemberResult>& members) {
    const auto better = [](const MemberResult& a, const MemberResult& b) {
      return std::pair(!a.on_good_state, a.watched_loss) < std::pair(!b.on_good_state, b.watched_loss);
    };
    const auto best = std::min_element(members.begin(), members.end(), better);
    if (!best->on_good_state) throw DivergenceError(members.front().divergence);
    return best - members.begin();
  }

  [[nodiscard]] bool has_finite_parameters(std::size_t m) const {
    const std::vector<double> parameters = backend_.evaluation_parameters(static_cast<std::int64_t>(m));
    return std::all_of(parameters.begin(), parameters.end(), [](double p) { return std::isfinite(p); });
  }

  Backend& backend_;
  const Dataset& train_;
  const Dataset* valid_;
  std::span<const MemberPlan> plans_;
  std::span<Observer* const> observers_;
  Judge* judge_;
  training::Checkpointer* checkpointer_;
  double unit_;
  std::vector<MemberRun> runs_;
  std::vector<std::optional<Guard>> guards_;
  std::int64_t longest_epoch_ = 1;  ///< in steps
  std::int64_t rounds_ = 0;         ///< epochs that the judge has seen
  std::vector<EpochReport> round_;  ///< of the members that have ended the epoch that others are still in
  std::vector<StepBlock> blocks_, blocks_after_;
  std::vector<std::vector<std::uint32_t>> orders_;      ///< lent to members that train right now
  std::vector<std::optional<Divergence>> divergences_;  ///< what went wrong in the last blocks
  training::OrderPool order_pool_;
  std::int64_t block_steps_ = 1;
  std::int64_t steps_after_ = 1;  ///< of the block after the next
  Clock::time_point start_ = Clock::now();
  double training_seconds_ = 0.0;
  double seconds_before_ = 0.0;  ///< of training, until the checkpoint that the run goes on from
};

/// Checks what both forms of `train` take, and runs.
TrainResult run_loop(Backend& backend, const Dataset& data, const Dataset* valid, std::span<const MemberPlan> plans,
                     std::span<Observer* const> observers, const std::atomic<bool>* stop, Judge* judge,
                     training::Checkpointer* checkpointer) {
  for (const MemberPlan& plan : plans) validate(plan.trainer);
  if (static_cast<std::int64_t>(plans.size()) != backend.n_members()) {
    throw Error(ExitCode::kSoftware, "internal error: plans for " + std::to_string(plans.size()) +
                                         " members, expected " + std::to_string(backend.n_members()));
  }
  if (data.n_rows < 1) throw DataError("training data: found 0 rows, expected at least 1");
  if (valid != nullptr) backend.keep(*valid);
  return Loop(backend, data, valid, plans, observers, judge, checkpointer).run(stop);
}

}  // namespace

TrainResult train(Backend& backend, const Dataset& data, const Dataset* valid, const TrainerConfig& config,
                  std::span<const MemberRows> rows, std::span<Observer* const> observers, const std::atomic<bool>* stop,
                  training::Checkpointer* checkpointer) {
  if (!rows.empty() && static_cast<std::int64_t>(rows.size()) != backend.n_members()) {
    throw Error(ExitCode::kSoftware, "internal error: rows for " + std::to_string(rows.size()) + " members, expected " +
                                         std::to_string(backend.n_members()));
  }
  return run_loop(backend, data, valid, plans_of(config, rows, backend.n_members()), observers, stop, nullptr,
                  checkpointer);
}

TrainResult train(Backend& backend, const Dataset& data, const Dataset* valid, std::span<const MemberPlan> plans,
                  std::span<Observer* const> observers, const std::atomic<bool>* stop, Judge* judge) {
  return run_loop(backend, data, valid, plans, observers, stop, judge, nullptr);
}

}  // namespace slalom
