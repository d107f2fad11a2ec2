// SPDX-License-Identifier: Apache-2.0
// Tunes: rates, speeds, a population a device, the noise scale, and what follows from them.
#include <slalom/tune.hpp>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include <slalom/error.hpp>

#include "core/stopwatch.hpp"
#include "train/prepared.hpp"
#include "train/start_members.hpp"
#include "tune/judge.hpp"
#include "tune/noise_scale.hpp"
#include "tune/recommend.hpp"
#include "tune/speed.hpp"
#include "tune/trials.hpp"

namespace slalom {
namespace {

using core::Clock;
using core::seconds_since;
using Stage = TuneProgress::Stage;

constexpr std::int64_t kMostOrderBytes = std::int64_t{1} << 30;  ///< of the visiting orders of one population
constexpr std::int64_t kMostParameters = std::int64_t{1} << 28;  ///< of one population

/// Which member is which run of which row.
struct MemberAt {
  std::size_t row = 0, run = 0;
};

/// Writes the watched losses of a population into the rows, and tells how far it is.
class CurveRecorder : public Observer {
 public:
  CurveRecorder(std::vector<TuneRow>& rows, const std::vector<MemberAt>& members, TuneObserver& observer,
                TuneProgress progress)
      : rows_(rows), members_(members), observer_(observer), progress_(progress) {}

  void on_epoch(const EpochReport& report) override {
    const MemberAt& at = members_[static_cast<std::size_t>(report.member)];
    const double loss = tuning::watched_loss(report);
    rows_[at.row].runs[at.run].curve.push_back({.step = report.step, .loss = loss});
    if (std::isfinite(loss)) progress_.lowest = std::min(progress_.lowest.value_or(loss), loss);
    if (report.epoch <= progress_.done) return;
    progress_.done = report.epoch;
    observer_.on_progress(progress_);
  }

 private:
  std::vector<TuneRow>& rows_;
  const std::vector<MemberAt>& members_;
  TuneObserver& observer_;
  TuneProgress progress_;
};

/// Keeps the parameters of the only member after epochs 1, 2, 4, 8, ...
class Snapshots : public Observer {
 public:
  explicit Snapshots(const Backend& backend) : backend_(backend) {}
  void on_epoch(const EpochReport& report) override {
    if ((report.epoch & (report.epoch - 1)) != 0) return;
    taken.emplace_back(report.epoch, backend_.export_state(0).parameters);
  }
  std::vector<std::pair<std::int64_t, std::vector<double>>> taken;

 private:
  const Backend& backend_;
};

/// One tuning, so that its parts can be small.
class Tuning {
 public:
  Tuning(const TuneJob& job, TuneObserver& observer, const std::atomic<bool>* stop)
      : job_(job),
        base_(job.train.trainer),
        observer_(observer),
        stop_(stop),
        options_{.threads = job.train.threads,
                 .precision = job.train.precision,
                 .device_memory = job.train.device_memory,
                 .expected = {}} {}

  TuneResult run() {
    prepare();
    make_rows();
    if (job_.lr_rule == LrRule::kFind && !over()) find_rates();
    if (!over()) measure_speeds();
    for (const DeviceKind device : job_.devices) {
      if (!over()) train_rows_on(device);
    }
    result_.interrupted = interrupted();
    tuning::evaluate_rows(result_, job_.target_loss);
    if (!over()) measure_noise_scale();
    result_.interrupted = interrupted();
    if (!result_.interrupted && late()) {
      result_.notes.push_back(fmt::format("--max-time {} ended tuning before all was measured", base_.max_seconds));
    }
    return std::move(result_);
  }

 private:
  [[nodiscard]] bool interrupted() const { return stop_ != nullptr && stop_->load(); }
  [[nodiscard]] bool late() const { return base_.max_seconds > 0.0 && seconds_since(start_) >= base_.max_seconds; }
  [[nodiscard]] bool over() const { return interrupted() || late(); }

  void prepare() {
    const Table table = read_table(job_.train.data, job_.train.read);
    std::optional<Table> valid;
    if (!job_.train.valid.empty()) valid = read_table(job_.train.valid, job_.train.read);
    const auto rows = training::rows_of_job(job_.train, table, valid.has_value(), result_.notes);
    prepared_ = training::prepare(job_.train, table, valid ? &*valid : nullptr, rows.split, result_.notes);
    result_.train_rows = prepared_.train.n_rows;
    result_.valid_rows = prepared_.valid ? prepared_.valid->n_rows : 0;
    result_.validated = prepared_.valid.has_value();
    for (const DeviceKind device : job_.devices) {  // a device that is not there is found before the work
      const MemberConfig member;
      result_.devices.emplace_back(
          device, make_backend(device, prepared_.spec, prepared_.train, {&member, 1}, options_)->description());
    }
  }

  [[nodiscard]] std::int64_t rows_of(std::int64_t batch_size) const {
    return batch_size > 0 ? std::min(batch_size, prepared_.train.n_rows) : prepared_.train.n_rows;
  }

  void make_rows() {
    const std::vector<std::int64_t> sizes = tuning::batch_sizes_of(job_, prepared_.train.n_rows);
    const std::vector<OptimizerConfig> settings = tuning::settings_of(job_);
    for (const DeviceKind device : job_.devices) {
      for (const std::int64_t size : sizes) {
        for (const OptimizerConfig& setting : settings) {
          TuneRow row{.trial = {.device = device, .batch_size = size, .optimizer = setting}};
          row.rows_per_step = rows_of(size);
          row.steps_per_epoch = (prepared_.train.n_rows + row.rows_per_step - 1) / row.rows_per_step;
          row.trial.optimizer.learning_rate =
              tuning::scaled_rate(job_.lr_rule, setting.learning_rate, row.rows_per_step, rows_of(base_.batch_size));
          for (std::int64_t r = 0; r < job_.repeats; ++r) {
            row.runs.push_back({.seed = base_.seed + static_cast<std::uint64_t>(r)});
          }
          result_.rows.push_back(std::move(row));
        }
      }
    }
  }

  /// One range test for every batch size and optimiser, all as one population on the first device.
  void find_rates() {
    std::vector<RangeTestMember> members;
    const auto find = [&](const Trial& trial) {
      return std::find_if(members.begin(), members.end(), [&](const RangeTestMember& member) {
        return member.batch_size == trial.batch_size && member.optimizer.kind == trial.optimizer.kind;
      });
    };
    for (const TuneRow& row : result_.rows) {
      if (find(row.trial) != members.end()) continue;
      OptimizerConfig optimizer = base_.optimizer;
      optimizer.kind = row.trial.optimizer.kind;
      members.push_back({.optimizer = optimizer, .batch_size = row.trial.batch_size});
    }
    const auto total = static_cast<std::int64_t>(members.size());
    observer_.on_progress({.stage = Stage::kRates, .device = job_.devices[0], .total = total});
    const RangeTestResult test = range_test(
        prepared_.spec, prepared_.train, members, {},
        {.device = job_.devices[0], .options = options_, .seed = base_.seed, .shuffle = base_.shuffle}, stop_);
    if (test.interrupted) return;
    for (TuneRow& row : result_.rows) {
      const auto& finding = test.findings[static_cast<std::size_t>(find(row.trial) - members.begin())];
      row.trial.optimizer.learning_rate = finding.suggested.value_or(row.trial.optimizer.learning_rate);
    }
    for (std::size_t m = 0; m < members.size(); ++m) {
      result_.rate_tests.push_back({members[m].optimizer.kind, members[m].batch_size, test.findings[m]});
      if (test.findings[m].suggested) continue;
      const std::int64_t size = members[m].batch_size;
      result_.notes.push_back(fmt::format("range test of batch size {} with {}: {}; --lr {} is taken",
                                          size == 0 ? "all" : std::to_string(size), name_of(members[m].optimizer.kind),
                                          test.findings[m].reason, base_.optimizer.learning_rate));
    }
    observer_.on_progress({.stage = Stage::kRates, .device = job_.devices[0], .done = total, .total = total});
  }

  /// Each device, batch size and optimiser alone: members that train together share threads and caches.
  void measure_speeds() {
    const auto same = [](const Trial& a, const Trial& b) {
      return a.device == b.device && a.batch_size == b.batch_size && a.optimizer.kind == b.optimizer.kind;
    };
    const auto total = static_cast<std::int64_t>(result_.rows.size());
    for (std::int64_t i = 0; i < total; ++i) {
      TuneRow& row = result_.rows[static_cast<std::size_t>(i)];
      const auto earlier = std::find_if(result_.rows.begin(), result_.rows.begin() + i,
                                        [&](const TuneRow& other) { return same(other.trial, row.trial); });
      if (earlier != result_.rows.begin() + i) {
        row.speed = earlier->speed;
      } else {
        observer_.on_progress({.stage = Stage::kSpeed, .device = row.trial.device, .done = i, .total = total});
        row.speed = tuning::measure_speed(prepared_.spec, prepared_.train,
                                          {.device = row.trial.device,
                                           .options = options_,
                                           .optimizer = row.trial.optimizer.kind,
                                           .batch_size = row.trial.batch_size,
                                           .seconds = job_.measure_seconds,
                                           .shuffle = base_.shuffle},
                                          stop_);
      }
      if (over()) return;
    }
    observer_.on_progress({.stage = Stage::kSpeed, .device = job_.devices.back(), .done = total, .total = total});
  }

  /// All rows of a device, in as few populations as memory allows.
  void train_rows_on(DeviceKind device) {
    std::vector<std::size_t> rows;
    for (std::size_t i = 0; i < result_.rows.size(); ++i) {
      if (result_.rows[i].trial.device == device) rows.push_back(i);
    }
    const std::int64_t by_orders = kMostOrderBytes / (8 * prepared_.train.n_rows);
    const std::int64_t by_parameters = kMostParameters / (4 * ParameterLayout(prepared_.spec).n_total);
    const auto at_once =
        static_cast<std::size_t>(std::max<std::int64_t>(1, std::min(by_orders, by_parameters) / job_.repeats));
    for (std::size_t begin = 0; begin < rows.size() && !over(); begin += at_once) {
      const std::size_t n = std::min(at_once, rows.size() - begin);
      train_population(device, std::span(rows).subspan(begin, n));
    }
  }

  /// How the member of a row with a seed is trained: as slalom train --no-guard would.
  [[nodiscard]] TrainerConfig trainer_of(const Trial& trial, std::uint64_t seed) const {
    TrainerConfig trainer = base_;
    trainer.optimizer = trial.optimizer;
    trainer.batch_size = trial.batch_size;
    trainer.seed = seed;
    trainer.threads = job_.train.threads;
    trainer.guard.on = false;  // a rate that diverges is a fact about the rate
    if (base_.max_seconds > 0.0) trainer.max_seconds = std::max(1e-3, base_.max_seconds - seconds_since(start_));
    return trainer;
  }

  [[nodiscard]] std::unique_ptr<Backend> backend_for(DeviceKind device, std::span<const MemberPlan> plans) const {
    std::vector<MemberConfig> members;
    members.reserve(plans.size());
    for (const MemberPlan& plan : plans) {
      members.push_back({.optimizer = plan.trainer.optimizer, .seed = plan.trainer.seed});
    }
    auto backend = make_backend(device, prepared_.spec, prepared_.train, members, options_);
    training::start_members(*backend, members);
    return backend;
  }

  [[nodiscard]] const Dataset* valid() const { return prepared_.valid ? &*prepared_.valid : nullptr; }

  void train_population(DeviceKind device, std::span<const std::size_t> rows) {
    std::vector<MemberPlan> plans;
    std::vector<MemberAt> members;
    std::vector<std::size_t> trials;
    std::vector<std::int64_t> groups;  // halving compares the settings of one batch size
    for (const std::size_t i : rows) {
      const TuneRow& row = result_.rows[i];
      groups.push_back(row.rows_per_step);
      for (std::size_t r = 0; r < row.runs.size(); ++r) {
        plans.push_back({.trainer = trainer_of(row.trial, row.runs[r].seed), .stream = 0, .rows = {}});
        members.push_back({.row = i, .run = r});
        trials.push_back(groups.size() - 1);
      }
    }
    const bool constant = base_.schedule.kind == ScheduleKind::kConstant && base_.schedule.warmup_steps == 0;
    tuning::TuneJudge judge({.target = job_.target_loss,
                             .extrapolate = job_.early_stop && constant,
                             .halve = job_.search == SearchKind::kHalving,
                             .epochs = base_.epochs},
                            trials, groups, lowest_);
    TuneProgress progress{.stage = Stage::kTraining,
                          .device = device,
                          .total = base_.epochs,
                          .members = static_cast<std::int64_t>(plans.size())};
    observer_.on_progress(progress);
    CurveRecorder recorder(result_.rows, members, observer_, progress);
    Observer* const observers[] = {&recorder};
    const auto backend = backend_for(device, plans);
    try {
      const TrainResult trained = train(*backend, prepared_.train, valid(), plans, observers, stop_, &judge);
      for (std::size_t m = 0; m < members.size(); ++m) {
        result_.rows[members[m].row].runs[members[m].run].reason = trained.members[m].reason;
      }
    } catch (const DivergenceError&) {  // every one of them
      for (const MemberAt& at : members) result_.rows[at.row].runs[at.run].reason = StopReason::kDiverged;
    }
  }

  /// Along the recommended row's first run, which is trained again for it.
  void measure_noise_scale() {
    const tuning::NoiseBatches batches = tuning::noise_batches(prepared_.train.n_rows);
    NoiseReport report{.points = {},
                       .small_batch = batches.rows,
                       .big_batch = batches.rows * batches.count,
                       .critical_batch_size = std::nullopt};
    std::vector<std::pair<std::int64_t, std::vector<double>>> points;
    points.emplace_back(0, initial_parameters(prepared_.spec, base_.seed, 0));
    if (result_.recommended) {
      const Trial& trial = result_.rows[static_cast<std::size_t>(*result_.recommended)].trial;
      const MemberPlan plan{.trainer = trainer_of(trial, base_.seed), .stream = 0, .rows = {}};
      const auto backend = backend_for(trial.device, {&plan, 1});
      Snapshots snapshots(*backend);
      Observer* const observers[] = {&snapshots};
      try {
        static_cast<void>(train(*backend, prepared_.train, nullptr, {&plan, 1}, observers, stop_));
      } catch (const DivergenceError&) {  // what was before it counts
      }
      std::move(snapshots.taken.begin(), snapshots.taken.end(), std::back_inserter(points));
    }
    std::vector<double> scales;
    const auto total = static_cast<std::int64_t>(points.size());
    for (std::int64_t i = 0; i < total && !over(); ++i) {
      observer_.on_progress({.stage = Stage::kNoise, .device = job_.devices[0], .done = i, .total = total});
      const auto& [epoch, parameters] = points[static_cast<std::size_t>(i)];
      const auto estimate =
          measure_noise(prepared_.spec, prepared_.train, parameters, job_.devices[0], options_, base_.seed, i);
      if (!estimate) return;
      report.points.push_back({.epoch = epoch, .estimate = *estimate});
      scales.push_back(estimate->scale.value_or(std::numeric_limits<double>::infinity()));
    }
    if (scales.empty()) return;
    observer_.on_progress({.stage = Stage::kNoise, .device = job_.devices[0], .done = total, .total = total});
    const double critical = tuning::median_of(scales);
    if (std::isfinite(critical)) report.critical_batch_size = critical;
    result_.noise = std::move(report);
  }

  const TuneJob& job_;
  const TrainerConfig& base_;
  TuneObserver& observer_;
  const std::atomic<bool>* stop_;
  BackendOptions options_;
  Clock::time_point start_ = Clock::now();
  training::Prepared prepared_;
  tuning::LowestLoss lowest_;
  TuneResult result_;
};

}  // namespace

TuneResult tune(const TuneJob& job, TuneObserver& observer, const std::atomic<bool>* stop) {
  validate(job);
  return Tuning(job, observer, stop).run();
}

}  // namespace slalom
