// SPDX-License-Identifier: Apache-2.0
// Looks back at a run.
#include "train/findings.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "train/curvature.hpp"
#include "train/hidden_units.hpp"
#include "train/metric_sums.hpp"
#include "train/zero_loss.hpp"

namespace slalom::training {
namespace {

constexpr std::size_t kLeastEpochs = 8;       ///< fewer say nothing
constexpr std::size_t kLastEpochs = 20;       ///< that overshoot is looked for in
constexpr double kRise = 1.1;                 ///< of the loss from one epoch to the next
constexpr double kSmallestRise = 0.01;        ///< of the loss of a model that answers 0
constexpr std::size_t kLeastRises = 3;        ///< and a quarter of the epochs
constexpr double kLearnt = 0.99;              ///< times the loss of the best constant answer
constexpr std::size_t kLeastFlat = 6;         ///< epochs of a plateau, and a fifth of all
constexpr double kFlat = 0.005, kFall = 0.8;  ///< change on a plateau, and what the loss fell to after it
constexpr double kMuch = 0.25;                ///< share of a layer's units
constexpr std::int64_t kSeveral = 2;

using Losses = std::vector<double>;

bool adapts(const OptimizerConfig& optimizer) {
  return optimizer.kind != OptimizerKind::kSgd && optimizer.kind != OptimizerKind::kMomentum &&
         optimizer.kind != OptimizerKind::kNesterov && optimizer.kind != OptimizerKind::kAveragedSgd;
}

Finding overshoot(const FinishedRun& run, double unit) {
  const Losses& losses = run.member.epoch_losses;
  const std::size_t first = losses.size() > kLastEpochs ? losses.size() - kLastEpochs : 1;
  const double smallest = kSmallestRise * unit * zero_loss(run.spec, run.train, {});
  std::size_t rises = 0;
  double largest = 1.0;
  for (std::size_t e = first; e < losses.size(); ++e) {
    if (losses[e] <= kRise * losses[e - 1] || losses[e] - losses[e - 1] <= smallest) continue;
    ++rises;
    largest = std::max(largest, losses[e] / losses[e - 1]);
  }
  const std::size_t looked_at = losses.size() - first;
  Finding finding{.subject = "overshoot"};
  if (rises < std::max(kLeastRises, looked_at / 4)) {
    finding.explanation = fmt::format(
        "the loss rose by more than 10 % from one epoch to the next in {} of the last {}: "
        "steps are not too long",
        rises, looked_at);
    return finding;
  }
  const double rate = run.trainer.optimizer.learning_rate;
  finding.advice = fmt::format(
      "the loss rose by more than 10 % in {} of the last {} epochs: steps are too long; try --lr "
      "{:.2g} or a --schedule that lowers it",
      rises, looked_at, rate / 3.0);
  std::string bound;
  if (const auto curvature = curvature_at(run.spec, run.train, {run.parameters.begin(), run.parameters.end()})) {
    if (const auto limit = largest_stable_rate(run.trainer.optimizer, curvature->largest + run.trainer.optimizer.l2)) {
      bound = fmt::format(
          " On all rows at once, this optimiser overshoots more and more above --lr {:.3g}{}; "
          "mini-batches allow less.",
          *limit, curvature->everywhere ? "" : " where the parameters are now");
    }
  }
  finding.explanation = fmt::format(
      "the mean loss of an epoch rose by more than 10 % in {} of the last {} epochs, at most {:.3g}-fold. A step goes "
      "down the slope where it starts; if it is longer than the valley is wide, it ends higher on the other side. "
      "Learning rate now {:.3g}, batch size {}.{} Try a smaller --lr (a third, a tenth), a schedule that lowers it "
      "(--schedule cosine), --clip-norm, or a larger --batch-size",
      rises, looked_at, largest, rate,
      run.trainer.batch_size == 0 ? std::string("all") : std::to_string(run.trainer.batch_size), bound);
  return finding;
}

std::optional<Finding> no_progress(const FinishedRun& run, double unit) {
  const std::optional<double> constant = constant_loss(run.spec, run.train);
  if (!constant) return std::nullopt;
  const double lowest = *std::min_element(run.member.epoch_losses.begin(), run.member.epoch_losses.end());
  Finding finding{.subject = "no progress"};
  if (lowest <= kLearnt * unit * *constant) {
    finding.explanation = fmt::format(
        "the lowest mean loss of an epoch is {:.4g}; the best answer that is the same for "
        "every row has {:.4g}: something was learnt",
        lowest, unit * *constant);
    return finding;
  }
  const std::string penalty =
      run.trainer.optimizer.l1 > 0.0 || run.trainer.optimizer.l2 > 0.0 ? ", less --l1 and --l2" : "";
  finding.advice = fmt::format(
      "after {} epochs the loss ({:.4g}) is no better than that of one answer for every row "
      "({:.4g}); try another --lr (slalom lr-find){}, or other features",
      run.member.epochs, lowest, unit * *constant, penalty);
  finding.explanation = fmt::format(
      "the lowest mean loss of an epoch is {:.4g}; the best answer that is the same for every row has {:.4g}. Either "
      "the "
      "features say next to nothing about the target, or training has not got going: steps are too short (learning "
      "rate "
      "{:.3g}), so long that they undo each other, or the start is a saddle, where the slope is next to 0 in every "
      "direction. Try slalom lr-find{}, another --init or --seed, --restarts 5, and look at the features",
      lowest, unit * *constant, run.trainer.optimizer.learning_rate, penalty);
  return finding;
}

/// The longest run of epochs over which the loss changed by less than kFlat: its first and last index.
std::pair<std::size_t, std::size_t> longest_flat(const Losses& losses) {
  std::pair<std::size_t, std::size_t> longest{0, 0};
  std::size_t begin = 0;
  for (std::size_t e = 1; e < losses.size(); ++e) {
    while (std::fabs(losses[e] - losses[begin]) > kFlat * losses[begin]) ++begin;
    if (e - begin > longest.second - longest.first) longest = {begin, e};
  }
  return longest;
}

/// Only where the rate was the same all the time: a lower rate ends a plateau, too.
std::optional<Finding> plateau(const FinishedRun& run) {
  const ScheduleConfig& schedule = run.trainer.schedule;
  if (schedule.kind != ScheduleKind::kConstant || schedule.warmup_steps > 0 || !run.member.guard.empty()) {
    return std::nullopt;
  }
  const Losses& losses = run.member.epoch_losses;
  const auto [first, last] = longest_flat(losses);
  const std::size_t length = last - first + 1;
  Finding finding{.subject = "plateau"};
  if (length < std::max(kLeastFlat, losses.size() / 5) || losses.back() > kFall * losses[last]) {
    finding.explanation = "the loss did not stand still and then fall on: no saddle or plateau was passed";
    return finding;
  }
  const std::string faster =
      adapts(run.trainer.optimizer) ? "a larger --lr or another --init" : "--optimizer adam, momentum or a larger --lr";
  finding.advice = fmt::format(
      "the loss stood still in epochs {} to {} (a plateau or saddle), then fell on; {} may pass it "
      "sooner",
      first + 1, last + 1, faster);
  finding.explanation = fmt::format(
      "the mean loss changed by less than 0.5 % over epochs {} to {} ({:.4g} to {:.4g}), then fell to {:.4g}. On a "
      "plateau, and near a saddle, the slope is next to 0, so steps are short although the minimum is far; noise of "
      "mini-batches, momentum, and optimisers that scale their steps (adam) get across sooner. Try {}; do not stop "
      "early "
      "by a --patience shorter than {} epochs",
      first + 1, last + 1, losses[first], losses[last], losses.back(), faster, length);
  return finding;
}

std::optional<Finding> stuck_units(const FinishedRun& run) {
  const UnitCount count = count_stuck_units(run.spec, run.train, run.parameters);
  if (count.layers.empty()) return std::nullopt;
  const bool relu = run.spec.activation == Activation::kRelu;
  std::string all, many;
  for (std::size_t i = 0; i < count.layers.size(); ++i) {
    const LayerUnits& layer = count.layers[i];
    const std::string text = fmt::format("{} of {} units of hidden layer {}", layer.stuck, layer.units, i + 1);
    all += fmt::format("{}{}", i > 0 ? ", " : "", text);
    if (layer.stuck < kSeveral || static_cast<double>(layer.stuck) < kMuch * static_cast<double>(layer.units)) continue;
    many += fmt::format("{}{}", many.empty() ? "" : ", ", text);
  }
  const std::string seen = relu ? "are 0" : "are at one end";
  Finding finding{.subject = relu ? "dead units" : "saturated units"};
  finding.explanation = fmt::format("{} {} on all of {} rows", all, seen, count.rows);
  if (many.empty()) return finding;
  const std::string cure = relu ? "a smaller --lr, --activation leaky-relu, or --batch-norm"
                                : "a smaller --lr, --l2, --batch-norm, or --scale standard";
  finding.advice = fmt::format("{} {} on all rows and learn nothing; try {}", many, seen, cure);
  finding.explanation += relu ? ". A relu whose input is negative for every row has no slope, so its weights never "
                                "change again; one step that was too long is enough. The network is smaller than it "
                                "looks. Try "
                              : ". There a unit has next to no slope, so the weights before it hardly change any more: "
                                "they, or the features, are too large. Try ";
  finding.explanation += cure;
  return finding;
}

}  // namespace

std::optional<double> constant_loss(const ModelSpec& spec, const Dataset& data) {
  const auto n = static_cast<std::size_t>(data.n_rows), k = static_cast<std::size_t>(spec.n_outputs);
  const bool classes = spec.loss.kind == LossKind::kCrossEntropy;
  if (!classes && spec.loss.kind != LossKind::kMse && spec.loss.kind != LossKind::kBce) return std::nullopt;
  std::vector<double> sums(k, 0.0);  // of targets, or the weight of each class
  double weights = 0.0, loss = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    const double weight = weight_of(data, i);
    weights += weight;
    if (classes) sums[static_cast<std::size_t>(data.labels[i])] += weight;
    for (std::size_t j = 0; !classes && j < k; ++j) sums[j] += weight * static_cast<double>(data.targets[i * k + j]);
  }
  if (!(weights > 0.0)) return std::nullopt;
  const auto part = [](double p) { return p > 0.0 ? -p * std::log(p) : 0.0; };
  for (double& sum : sums) {
    sum /= weights;
    if (spec.loss.kind != LossKind::kMse) loss += weights * (part(sum) + (classes ? 0.0 : part(1.0 - sum)));
  }
  for (std::size_t i = 0; spec.loss.kind == LossKind::kMse && i < n; ++i) {
    for (std::size_t j = 0; j < k; ++j) {
      const double distance = static_cast<double>(data.targets[i * k + j]) - sums[j];
      loss += weight_of(data, i) * distance * distance / static_cast<double>(k);
    }
  }
  return loss / static_cast<double>(n);
}

std::vector<Finding> findings_of(const FinishedRun& run) {
  std::vector<Finding> findings;
  const auto add = [&](std::optional<Finding> finding) {
    if (finding) findings.push_back(std::move(*finding));
  };
  if (run.member.epoch_losses.size() >= kLeastEpochs) {
    const double unit = loss_unit_factor(run.spec, run.train);
    add(overshoot(run, unit));
    add(no_progress(run, unit));
    add(plateau(run));
  }
  add(stuck_units(run));
  return findings;
}

}  // namespace slalom::training
