// SPDX-License-Identifier: Apache-2.0
// Fuzzes model files: what load_model accepts has to be fit for everything that is done with a model.
#include <cmath>

#include <slalom/error.hpp>
#include <slalom/model.hpp>
#include <slalom/preprocess.hpp>

#include "fuzz/memory_file.hpp"
#include "model/describe.hpp"
#include "model/model_json.hpp"

namespace {

/// A table of two rows as the model wants it: the first has every value, the second none.
slalom::Table table_for(const slalom::Preprocessing& preprocessing) {
  slalom::Table table;
  table.n_rows = 2;
  for (const slalom::InputColumn& input : preprocessing.inputs) {
    if (input.categorical) {
      const std::string level = input.categories.empty() ? "level" : input.categories.back();
      table.columns.emplace_back(input.name,
                                 slalom::CategoricalColumn{{0, slalom::CategoricalColumn::kMissing}, {level}});
    } else {
      table.columns.emplace_back(input.name, slalom::NumericColumn{{1.0, std::nan("")}});
    }
  }
  return table;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const slalom::fuzz::MemoryFile file(slalom::fuzz::as_text(data, size));
  try {
    const slalom::Model model = slalom::load_model(file.path());
    static_cast<void>(slalom::describe(model));
    const std::string json = slalom::model_io::to_json(model);
    if (slalom::model_io::to_json(slalom::model_io::from_json(json)) != json) slalom::fuzz::report("is not stable");
    slalom::Notes notes;
    static_cast<void>(slalom::apply_preprocessing(model.preprocessing, table_for(model.preprocessing), {},
                                                  slalom::Purpose::kPredict, false, notes));
  } catch (const slalom::Error&) {
  }
  return 0;
}
