// SPDX-License-Identifier: Apache-2.0
// Judges answers of 0.
#include "train/zero_loss.hpp"

#include <algorithm>
#include <vector>

#include "core/losses.hpp"
#include "core/row_metrics.hpp"
#include "data/row_list.hpp"
#include "train/metric_sums.hpp"

namespace slalom::training {

double zero_loss(const ModelSpec& spec, const Dataset& data, std::span<const std::uint32_t> rows) {
  constexpr std::size_t kMostSummedRows = 4096;
  if (data.targets.empty() && data.labels.empty()) return 0.0;
  const data::RowList all(rows, data.n_rows);
  const std::size_t n = std::min(all.size(), kMostSummedRows);
  const std::vector<float> zeros(static_cast<std::size_t>(spec.n_outputs), 0.0F);
  const double constant = core::loss_constant(spec.loss);
  double sum = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t row = all[i * all.size() / n];
    sum += weight_of(data, row) * core::row_loss(spec.loss.kind, constant, judged(spec, data, row, zeros.data()));
  }
  return sum / static_cast<double>(std::max<std::size_t>(n, 1));
}

}  // namespace slalom::training
