// SPDX-License-Identifier: Apache-2.0
// Fits offsets and scales of a known preprocessing to other data.
#include <cmath>

#include <slalom/preprocess.hpp>

#include "data/column_index.hpp"
#include "data/row_list.hpp"
#include "data/scale_fit.hpp"

namespace slalom {
Preprocessing refit_scaling(const Preprocessing& preprocessing, const Table& table, std::span<const std::uint32_t> rows,
                            const PreprocessOptions& options, Notes& notes) {
  const data::RowList list(rows, table.n_rows);
  const data::ColumnIndex columns(table);
  Preprocessing p = preprocessing;
  std::size_t feature = 0;
  for (const InputColumn& input : p.inputs) {
    if (!input.categorical) {
      const std::vector<double>& values = columns.trained(input.name, true).numeric().values;
      const auto value = [&](std::size_t i) { return std::isnan(values[list[i]]) ? input.fill : values[list[i]]; };
      const data::Location location = data::fit_scale(options.scaling, list.size(), value, input.name, notes);
      p.offset[feature] = location.offset;
      p.scale[feature] = location.scale;
    }
    feature += static_cast<std::size_t>(input.width());
  }
  for (std::size_t t = 0; t < p.target_scale.size(); ++t) {
    if (p.target_scale[t] == 1.0 && p.target_offset[t] == 0.0) continue;  // trained with --no-target-scale
    const std::vector<double>& all = columns.trained(p.targets[t], true).numeric().values;
    std::vector<double> known;
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (!std::isnan(all[list[i]])) known.push_back(all[list[i]]);
    }
    Notes ignored;  // a constant target is allowed
    const data::Location location = data::fit_scale(
        options.target_scaling, known.size(), [&](std::size_t i) { return known[i]; }, p.targets[t], ignored);
    p.target_offset[t] = location.offset;
    p.target_scale[t] = location.scale;
  }
  return p;
}

}  // namespace slalom
