// SPDX-License-Identifier: Apache-2.0
// Looks at what a diverged run was given.
#include "train/divergence_diagnosis.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include <fmt/format.h>

#include <slalom/model.hpp>

#include "train/curvature.hpp"

namespace slalom::training {
namespace {

constexpr std::int64_t kDiagnosedRows = 4096;
constexpr double kLarge = 10.0;  ///< root mean square of a feature or target that calls for scaling
constexpr std::size_t kShown = 3;

/// One diagnosis, so that its parts can be small.
class Diagnosis {
 public:
  explicit Diagnosis(const DivergedRun& run) : run_(run), sizes_(feature_sizes(run.train)) {}

  std::vector<std::string> lines() {
    look_at_features();
    look_at_targets();
    look_at_gradient();
    look_at_curvature();
    advise();
    return std::move(lines_);
  }

 private:
  void look_at_features() {
    std::vector<std::size_t> order(sizes_.size());
    std::iota(order.begin(), order.end(), 0U);
    std::sort(order.begin(), order.end(), [this](std::size_t a, std::size_t b) { return sizes_[a] > sizes_[b]; });
    const auto n_large = static_cast<std::size_t>(
        std::count_if(sizes_.begin(), sizes_.end(), [](double size) { return !(size <= kLarge); }));
    if (n_large == 0) return;
    large_features_ = true;
    std::string shown;
    for (std::size_t i = 0; i < std::min(n_large, kShown); ++i) {
      shown += fmt::format("{}'{}' {:.3g}", i > 0 ? ", " : "", run_.features.at(order[i]), sizes_[order[i]]);
    }
    lines_.push_back(fmt::format("features: {} of {} are far larger than 1 (root mean square: {}{})", n_large,
                                 sizes_.size(), shown, n_large > kShown ? ", ..." : ""));
  }

  void look_at_targets() {
    const AlignedFloats& targets = run_.train.targets;
    if (run_.spec.is_classifier() || targets.empty()) return;
    double squares = 0.0;
    for (const float target : targets) squares += static_cast<double>(target) * static_cast<double>(target);
    const double size = std::sqrt(squares / static_cast<double>(targets.size()));
    if (size <= kLarge) return;
    large_targets_ = true;
    lines_.push_back(fmt::format("target: root mean square {:.3g}, far larger than 1", size));
  }

  [[nodiscard]] const char* place() const { return run_.trained ? "the last good state" : "the start"; }

  void look_at_gradient() {
    GradientProbe probe(run_.spec, run_.train, spaced_rows(run_.train.n_rows, kDiagnosedRows / 4));
    const std::optional<std::vector<double>> gradient = probe.at(run_.parameters);
    if (!gradient) {
      lines_.push_back(fmt::format("gradient: not finite at {}", place()));
      return;
    }
    const double total = std::inner_product(gradient->begin(), gradient->end(), gradient->begin(), 0.0);
    const LayerView first = ParameterLayout(run_.spec).layers.at(0);
    std::size_t largest = 0;
    double largest_share = 0.0;
    for (std::size_t k = 0; k < sizes_.size(); ++k) {
      double share = 0.0;
      for (std::int64_t j = 0; j < first.outputs; ++j) {
        const double g = (*gradient)[static_cast<std::size_t>(first.weight + j * first.inputs) + k];
        share += g * g / total;
      }
      if (share > largest_share) {
        largest = k;
        largest_share = share;
      }
    }
    std::string mostly;
    if (sizes_.size() > 1 && largest_share > 0.5) {
      mostly = fmt::format(", {:.3g} % of its square from '{}'", 100.0 * largest_share, run_.features.at(largest));
    }
    lines_.push_back(fmt::format("gradient: norm {:.3g} at {}{}", std::sqrt(total), place(), mostly));
  }

  void look_at_curvature() {
    const std::optional<Curvature> curvature = curvature_at(run_.spec, run_.train, run_.parameters);
    if (!curvature) return;
    const double largest = curvature->largest + run_.optimizer.l2;
    const std::optional<double> own = largest_stable_rate(run_.optimizer, largest);
    rate_ = own;
    const std::string rate =
        own ? fmt::format("--optimizer {} overshoots more and more above --lr {:.3g}", name_of(run_.optimizer.kind),
                          *own)
            : fmt::format("gradient descent would overshoot more and more above --lr {:.3g}", 2.0 / largest);
    lines_.push_back(fmt::format("curvature: {} {:.3g}{}: {}", curvature->everywhere ? "at most" : "about", largest,
                                 curvature->everywhere ? "" : fmt::format(" at {}", place()), rate));
  }

  void advise() {
    std::vector<std::string> ideas;
    if (large_features_) ideas.emplace_back("--scale standard (or other units for the large features)");
    if (large_targets_) ideas.emplace_back("leaving out --no-target-scale");
    if (rate_) ideas.push_back(fmt::format("--lr {:.2g}", *rate_ / 2.0));
    if (!rate_) ideas.emplace_back("a smaller --lr, which slalom lr-find finds");
    if (run_.optimizer.clip_norm == 0.0 && run_.optimizer.clip_value == 0.0) ideas.emplace_back("--clip-norm 1");
    lines_.push_back(fmt::format("try: {}", fmt::join(ideas, "; ")));
  }

  const DivergedRun& run_;
  std::vector<double> sizes_;
  std::optional<double> rate_;
  bool large_features_ = false, large_targets_ = false;
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<double> feature_sizes(const Dataset& data) {
  std::vector<double> sizes(static_cast<std::size_t>(data.n_features), 0.0);
  const std::vector<std::uint32_t> rows = spaced_rows(data.n_rows, kDiagnosedRows);
  for (const std::uint32_t r : rows) {
    const float* x = data.view().row(r);
    for (std::size_t k = 0; k < sizes.size(); ++k) {
      const auto value = static_cast<double>(x[k]);
      sizes[k] += value * value / static_cast<double>(rows.size());
    }
  }
  for (double& size : sizes) size = std::sqrt(size);
  return sizes;
}

std::vector<std::string> diagnose(const DivergedRun& run) { return Diagnosis(run).lines(); }

}  // namespace slalom::training
