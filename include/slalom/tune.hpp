// SPDX-License-Identifier: Apache-2.0
// Which batch size (and learning rate, optimiser, penalty) reaches a loss soonest on this machine for this data.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <slalom/job.hpp>
#include <slalom/lr_find.hpp>
#include <slalom/trainer.hpp>

namespace slalom {

enum class LrRule { kNone, kSqrt, kLinear, kFind };
enum class SearchKind { kGrid, kRandom, kHalving };

template <>
struct EnumNames<LrRule> {
  static constexpr std::string_view kWhat = "learning-rate rule";
  static constexpr std::array<std::pair<LrRule, std::string_view>, 4> kNames{
      {{LrRule::kNone, "none"}, {LrRule::kSqrt, "sqrt"}, {LrRule::kLinear, "linear"}, {LrRule::kFind, "find"}}};
};
template <>
struct EnumNames<SearchKind> {
  static constexpr std::string_view kWhat = "search";
  static constexpr std::array<std::pair<SearchKind, std::string_view>, 3> kNames{
      {{SearchKind::kGrid, "grid"}, {SearchKind::kRandom, "random"}, {SearchKind::kHalving, "halving"}}};
};

/// The values that a setting may take: a list, or a range that is divided (grid) or drawn from (random, halving) on a
/// logarithmic scale. Neither: the job's own value.
struct SearchAxis {
  std::vector<double> values;
  double low = 0.0, high = 0.0;  ///< 0 < low < high: a range
  std::int64_t points = 5;       ///< of a range in a grid, >= 2
  [[nodiscard]] bool is_range() const noexcept { return high > 0.0; }
  [[nodiscard]] bool empty() const noexcept { return values.empty() && !is_range(); }
};

/// What is tried. Every combination of settings is tried at every batch size on every device.
struct TuneJob {
  TrainJob train;                         ///< everything else; `device`, `folds` and `restarts` are not used
  std::vector<std::int64_t> batch_sizes;  ///< 0: all rows; empty: powers of two from 16 that leave 8 steps an epoch
  std::vector<DeviceKind> devices{DeviceKind::kCpu};
  /// How the rate follows the batch size from train.trainer.batch_size, to which rates given refer; kFind: by a range
  /// test for every batch size and optimiser.
  LrRule lr_rule = LrRule::kFind;
  SearchKind search = SearchKind::kGrid;
  std::vector<OptimizerKind> optimizers;  ///< empty: the job's
  SearchAxis learning_rates, l1, l2;
  std::int64_t trials = 9;            ///< random, halving: settings drawn
  std::int64_t repeats = 3;           ///< seeds of each
  std::optional<double> target_loss;  ///< unset: the best seen + 1 %
  bool early_stop = true;             ///< give up on hopeless members
  double measure_seconds = 0.3;       ///< of speed measurement for every batch size, optimiser and device
};

/// Checks what can be checked without reading data. Throws UsageError naming the flag.
void validate(const TuneJob& job);

/// One setting at one batch size on one device.
struct Trial {
  DeviceKind device = DeviceKind::kCpu;
  std::int64_t batch_size = 0;  ///< 0: all rows
  OptimizerConfig optimizer;    ///< with the learning rate of this batch size
};

/// The watched loss (validation if there is any, else training; own units) after an epoch.
struct CurvePoint {
  std::int64_t step = 0;
  double loss = 0.0;
};

/// What one seed of a trial did.
struct TrialRun {
  std::uint64_t seed = 1;
  StopReason reason = StopReason::kInterrupted;
  std::vector<CurvePoint> curve;
};

/// How fast a trial's batch size and optimiser train with the machine to themselves.
struct TrialSpeed {
  double samples_per_second = 0.0;  ///< median of the measurements
  double slowest = 0.0, fastest = 0.0;
  double steps_per_second = 0.0;
  double seconds_per_epoch = 0.0;
  std::int64_t memory_bytes = 0;
  bool memory_measured = false;  ///< by the backend; else estimated from the sizes of data, parameters and activations
};

/// A median over seeds with its range.
struct MedianRange {
  double median = 0.0, low = 0.0, high = 0.0;
};

/// A row of the result.
struct TuneRow {
  Trial trial;
  std::int64_t rows_per_step = 0, steps_per_epoch = 0;
  std::optional<TrialSpeed> speed;  ///< unset: interrupted before
  std::vector<TrialRun> runs;
  std::optional<MedianRange> lowest_loss;        ///< unset: half of the runs or more ended no epoch
  std::int64_t n_reached = 0;                    ///< runs that reached the target
  std::optional<MedianRange> epochs_to_target;   ///< unset: half of the runs or more did not reach it
  std::optional<MedianRange> seconds_to_target;  ///< epochs x seconds_per_epoch
};

/// Gradient noise scale at one point of training (McCandlish et al. 2018, appendix A.1).
struct NoiseEstimate {
  double gradient_squared = 0.0;  ///< |G|^2, unbiased: may come out negative where noise drowns the gradient
  double noise_trace = 0.0;       ///< tr(Sigma) of the gradient of one row
  /// B_simple = tr(Sigma) / |G|^2; unset where |G|^2 is not above 0: more than can be measured.
  std::optional<double> scale;
};
struct NoisePoint {
  std::int64_t epoch = 0;
  NoiseEstimate estimate;
};
struct NoiseReport {
  std::vector<NoisePoint> points;
  std::int64_t small_batch = 0, big_batch = 0;
  std::optional<double> critical_batch_size;  ///< median of the scales, unset ones counting as infinite
};

/// The range test of a batch size with an optimiser (LrRule::kFind).
struct RateTest {
  OptimizerKind optimizer = OptimizerKind::kAdam;
  std::int64_t batch_size = 0;  ///< 0: all rows
  RateFinding finding;
};

struct TuneResult {
  std::vector<TuneRow> rows;
  std::vector<RateTest> rate_tests;
  std::optional<double> target_loss;
  bool target_given = false;
  std::optional<std::int64_t> recommended;  ///< index into rows
  std::string reason;                       ///< of the recommendation, one sentence
  std::optional<NoiseReport> noise;
  bool validated = false;  ///< losses are of validation rows, else training losses
  std::int64_t train_rows = 0, valid_rows = 0;
  std::vector<std::pair<DeviceKind, std::string>> devices;  ///< with their descriptions
  Notes notes;
  bool interrupted = false;
};

/// Gets told how far tuning is.
struct TuneProgress {
  enum class Stage { kRates, kSpeed, kTraining, kNoise };
  Stage stage = Stage::kRates;
  DeviceKind device = DeviceKind::kCpu;
  std::int64_t done = 0, total = 0;  ///< range tests, measurements, epochs, points
  std::int64_t members = 0;          ///< kTraining: of the population
  std::optional<double> lowest;      ///< kTraining: lowest watched loss so far
};
class TuneObserver {
 public:
  virtual ~TuneObserver() = default;
  virtual void on_progress(const TuneProgress&) {}
};

/// Reads, splits and preprocesses as `slalom train` would, then measures. train.trainer.max_seconds limits all of it.
/// `stop` ends it after the current block with what was measured. Apart from times, what is returned depends on the
/// job only. Throws what run_job throws.
[[nodiscard]] TuneResult tune(const TuneJob& job, TuneObserver& observer, const std::atomic<bool>* stop = nullptr);

/// |G|^2 and tr(Sigma) from mean squared norms of gradients of small and of big batches (equations A.1 and A.2):
/// unbiased for batches of independent rows. 0 < small < big.
[[nodiscard]] NoiseEstimate noise_from_norms(double small, double small_squared, double big, double big_squared);

/// The noise scale at `parameters` (the arena), from 64 batches (fewer if rows are few) and their union. Clipping and
/// penalties are left out. nullopt for fewer than 4 rows. `index` draws other rows.
[[nodiscard]] std::optional<NoiseEstimate> measure_noise(const ModelSpec& spec, const Dataset& train,
                                                         const std::vector<double>& parameters, DeviceKind device,
                                                         const BackendOptions& options, std::uint64_t seed,
                                                         std::int64_t index);

}  // namespace slalom
