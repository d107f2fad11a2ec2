// SPDX-License-Identifier: Apache-2.0
// Preprocessing as ONNX nodes: what apply_preprocessing (data/preprocess_apply.cpp) computes from raw columns.
#include <algorithm>
#include <array>
#include <map>
#include <numeric>

#include <fmt/format.h>

#include "data/cell_text.hpp"
#include "model/onnx/parts.hpp"

namespace slalom::onnx_export {
namespace {

using ::onnx::TensorProto;

constexpr std::int64_t kUnseen = -1;   // the code of a level that is none of the known: equal to none, so all zeros
constexpr std::int64_t kRefused = -2;  // the code of a missing cell that the model does not accept

/// The code of every text that has one: levels, other spellings of booleans, and of missing cells.
std::map<std::string, std::int64_t> codes_of(const InputColumn& input, std::int64_t missing_code) {
  std::map<std::string, std::int64_t> codes;  // what comes first stays
  for (std::size_t i = 0; i < input.categories.size(); ++i) {
    codes.emplace(input.categories[i], static_cast<std::int64_t>(i));
  }
  for (const char* spelling : {"True", "TRUE", "False", "FALSE"}) {
    const auto level = codes.find(std::string(canonical_category(spelling)));
    if (level != codes.end()) codes.emplace(spelling, level->second);
  }
  for (const std::string& spelling : missing_texts()) codes.emplace(spelling, missing_code);
  return codes;
}

class FeatureGraph {
 public:
  FeatureGraph(GraphBuilder& graph, const Preprocessing& p, const OnnxOptions& options)
      : graph_(graph),
        p_(p),
        number_(options.float32 ? TensorProto::FLOAT : TensorProto::DOUBLE),
        refuses_missing_(p.missing == MissingPolicy::kError) {
    for (const InputColumn& input : p.inputs) raw_.push_back(input.width() > 0 ? add_input(input) : Value{});
  }

  /// Consecutive numeric columns are imputed and scaled together; every text column is a block of its own.
  Value build() {
    std::vector<Value> blocks;
    for (std::size_t i = 0; i < p_.inputs.size();) {
      std::size_t end = i + 1;
      if (!p_.inputs[i].categorical) {
        while (end < p_.inputs.size() && !p_.inputs[end].categorical) ++end;
        blocks.push_back(numeric_block(i, end));
      } else if (p_.inputs[i].width() > 0) {
        blocks.push_back(text_block(i));
      }
      i = end;
    }
    return joined(blocks, "features");
  }

 private:
  Value add_input(const InputColumn& input) {
    if (!input.categorical) {
      const std::string missing = refuses_missing_ ? "is refused" : fmt::format("becomes {}", input.fill);
      return graph_.input(input.name, number_, "Number; NaN (missing) " + missing);
    }
    const auto fill = static_cast<std::size_t>(input.fill_code);
    const std::string level = fill < input.categories.size() ? "'" + input.categories[fill] + "'" : "other";
    return graph_.input(input.name, TensorProto::STRING,
                        "Text; the empty text (missing) " + (refuses_missing_ ? "is refused" : "becomes " + level));
  }

  Value joined(const std::vector<Value>& values, const std::string& result) {
    if (values.size() == 1) return values[0];
    return graph_.add({.op = "Concat", .inputs = values, .result = result, .attributes = {{"axis", std::int64_t{1}}}});
  }

  /// int64 zeros where `missing` is false. Where it is true the index lies outside the table of one element, which ONNX
  /// defines as an error: the runtime refuses the rows, naming this node, as `slalom predict` does.
  Value zero_unless(const Value& missing) {
    constexpr std::array<std::int64_t, 1> kZero{};
    const Value index = graph_.cast(missing, TensorProto::INT64, "is_missing");
    return graph_.add({.op = "Gather",
                       .inputs = {graph_.constant("zero", {1}, kZero), index},
                       .result = "refuse_missing_cells (trained with --missing error)"});
  }

  Value numeric_block(std::size_t begin, std::size_t end) {
    const auto width = static_cast<std::int64_t>(end - begin);
    Value values =
        joined({raw_.begin() + static_cast<std::ptrdiff_t>(begin), raw_.begin() + static_cast<std::ptrdiff_t>(end)},
               "numbers");
    if (number_ != TensorProto::DOUBLE) values = graph_.cast(values, TensorProto::DOUBLE, "numbers.float64");
    const Value missing = graph_.add({.op = "IsNaN", .inputs = {values}, .result = "numbers.missing"});
    if (refuses_missing_) {
      const Value zeros = graph_.cast(zero_unless(missing), TensorProto::DOUBLE, "zeros");
      values = graph_.add({.op = "Add", .inputs = {values, zeros}, .result = "numbers.complete"});
    } else {
      std::vector<double> fill;
      for (std::size_t i = begin; i < end; ++i) fill.push_back(p_.inputs[i].fill);
      const Value fills = graph_.constant("numbers.fill", {1, width}, fill);
      values = graph_.add({.op = "Where", .inputs = {missing, fills, values}, .result = "numbers.complete"});
    }
    return scaled(values, TensorProto::DOUBLE, width);
  }

  /// [N, 1] text to [N, width] zeros and ones.
  Value text_block(std::size_t column) {
    const InputColumn& input = p_.inputs[column];
    std::vector<std::string> keys;
    Shape values;
    for (const auto& [key, code] : codes_of(input, refuses_missing_ ? kRefused : input.fill_code)) {
      keys.push_back(key);
      values.push_back(code);
    }
    const std::int64_t unknown = input.has_other ? input.width() - 1 : kUnseen;
    Value codes =
        graph_.add({.op = "LabelEncoder",
                    .inputs = {raw_[column]},
                    .result = raw_[column] + ".level",
                    .attributes = {{"keys_strings", keys}, {"values_int64s", values}, {"default_int64", unknown}},
                    .domain = kMlDomain});
    if (refuses_missing_) {
      constexpr std::array<std::int64_t, 1> kCode{kRefused};
      const Value missing = graph_.add({.op = "Equal",
                                        .inputs = {codes, graph_.constant("refused", {1, 1}, kCode)},
                                        .result = raw_[column] + ".missing"});
      codes = graph_.add({.op = "Add", .inputs = {codes, zero_unless(missing)}, .result = raw_[column] + ".complete"});
    }
    Shape levels(static_cast<std::size_t>(input.width()));
    std::iota(levels.begin(), levels.end(), std::int64_t{0});
    const Value all =
        graph_.constant(raw_[column] + ".levels", {1, input.width()}, std::span<const std::int64_t>(levels));
    const Value one_hot = graph_.add({.op = "Equal", .inputs = {codes, all}, .result = raw_[column] + ".one_hot"});
    return scaled(one_hot, TensorProto::BOOL, input.width());
  }

  /// (raw - offset) / scale of the next `width` features in float64, then float32.
  Value scaled(Value raw, ElementType type, std::int64_t width) {
    const auto begin = static_cast<std::size_t>(next_feature_);
    const std::span<const double> offset(p_.offset.data() + begin, static_cast<std::size_t>(width));
    const std::span<const double> scale(p_.scale.data() + begin, static_cast<std::size_t>(width));
    next_feature_ += width;
    const bool identity = std::all_of(offset.begin(), offset.end(), [](double v) { return v == 0.0; }) &&
                          std::all_of(scale.begin(), scale.end(), [](double v) { return v == 1.0; });
    if (!identity) {
      if (type != TensorProto::DOUBLE) raw = graph_.cast(raw, TensorProto::DOUBLE, "block.float64");
      const Value offsets = graph_.constant("offset", {1, width}, offset);
      const Value scales = graph_.constant("scale", {1, width}, scale);
      raw = graph_.add({.op = "Sub", .inputs = {raw, offsets}, .result = "block.centred"});
      raw = graph_.add({.op = "Div", .inputs = {raw, scales}, .result = "block.scaled"});
    }
    return graph_.cast(raw, TensorProto::FLOAT, "block.features");
  }

  GraphBuilder& graph_;
  const Preprocessing& p_;
  ElementType number_;
  bool refuses_missing_;
  std::vector<Value> raw_;         ///< the graph input of every column; empty for a column without features
  std::int64_t next_feature_ = 0;  ///< first one that no block has made yet
};

}  // namespace

Value add_features(GraphBuilder& graph, const Preprocessing& preprocessing, const OnnxOptions& options) {
  return FeatureGraph(graph, preprocessing, options).build();
}

}  // namespace slalom::onnx_export
