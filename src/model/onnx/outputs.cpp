// SPDX-License-Identifier: Apache-2.0
// Raw outputs to answers as ONNX nodes, as Predictor (train/predictor.cpp) gives them.
#include <algorithm>
#include <array>
#include <cmath>

#include "data/class_names.hpp"
#include "model/onnx/parts.hpp"

namespace slalom::onnx_export {
namespace {

using ::onnx::TensorProto;

constexpr double kLargestExact = 9007199254740992.0;  // 2^53: whole doubles up to it are exact

class OutputGraph {
 public:
  OutputGraph(GraphBuilder& graph, const Model& model, const OnnxOptions& options)
      : graph_(graph), model_(model), number_(options.float32 ? TensorProto::FLOAT : TensorProto::DOUBLE) {}

  /// offset + scale * raw for every target, in float64.
  void regression(const Value& raw) {
    const Preprocessing& p = model_.preprocessing;
    const std::int64_t k = model_.spec.n_outputs;
    Value value = graph_.cast(raw, TensorProto::DOUBLE, "raw.float64");
    const Value scale = graph_.constant("target.scale", {1, k}, p.target_scale);
    const Value offset = graph_.constant("target.offset", {1, k}, p.target_offset);
    value = graph_.add({.op = "Mul", .inputs = {value, scale}, .result = "raw.scaled"});
    number(k, "prediction", "In the target's units, one column a target", [&](const std::string& result) {
      return graph_.add({.op = "Add", .inputs = {value, offset}, .result = result});
    });
  }

  /// More than two classes, or two with a logit each: the largest logit wins, the first of several.
  void cross_entropy(const Value& logits) {
    label(graph_.add({.op = "ArgMax",
                      .inputs = {logits},
                      .result = "class",
                      .attributes = {{"axis", std::int64_t{1}}, {"keepdims", std::int64_t{0}}}}));
    const Value value = graph_.cast(logits, TensorProto::DOUBLE, "logits.float64");
    probabilities([&](const std::string& result) {
      return graph_.add(
          {.op = "Softmax", .inputs = {value}, .result = result, .attributes = {{"axis", std::int64_t{1}}}});
    });
  }

  /// One logit: the second class where it is above 0.
  void two_classes(const Value& logit) {
    constexpr std::array<float, 1> kZero{};
    constexpr std::array<std::int64_t, 1> kColumns{1};
    const Value positive = graph_.add(
        {.op = "Greater", .inputs = {logit, graph_.constant("threshold", {}, kZero)}, .result = "is_second_class"});
    const Value column = graph_.cast(positive, TensorProto::INT64, "class.column");
    label(graph_.add(
        {.op = "Squeeze", .inputs = {column, graph_.constant("columns", {1}, kColumns)}, .result = "class"}));
    if (model_.spec.loss.kind == LossKind::kHinge) {
      graph_.output(graph_.cast(logit, number_, "score"), number_, 1, "Above 0: the second class");
      return;
    }
    const Value value = graph_.cast(logit, TensorProto::DOUBLE, "logit.float64");
    // 1 / (1 + exp(s)) with s = (z, -z): sigmoid(-z) and sigmoid(z), both to full relative precision.
    constexpr std::array<double, 2> kSigns{1.0, -1.0};
    constexpr std::array<double, 1> kOne{1.0};
    const Value one = graph_.constant("one", {}, kOne);
    const Value signs = graph_.constant("signs", {1, 2}, kSigns);
    const Value exponent = graph_.add({.op = "Mul", .inputs = {value, signs}, .result = "logit.signed"});
    const Value exponential = graph_.add({.op = "Exp", .inputs = {exponent}, .result = "logit.exp"});
    const Value odds = graph_.add({.op = "Add", .inputs = {exponential, one}, .result = "logit.odds"});
    probabilities([&](const std::string& result) {
      return graph_.add({.op = "Div", .inputs = {one, odds}, .result = result});
    });
  }

 private:
  /// `make(result)` computes a float64 value of that name; it becomes an output, as float32 if asked for.
  template <class Make>
  void number(std::int64_t columns, const std::string& name, const std::string& description, Make make) {
    const bool narrow = number_ == TensorProto::FLOAT;
    Value value = make(narrow ? name + ".float64" : name);
    if (narrow) value = graph_.cast(value, number_, name);
    graph_.output(value, number_, columns, description);
  }

  template <class Make>
  void probabilities(Make make) {
    const auto k = static_cast<std::int64_t>(model_.preprocessing.classes.size());
    number(k, "probabilities", "One column a class, in the order of the metadata entry 'classes'", make);
  }

  /// The class of every row, [N] int64 positions, as the target column has it: text, whole numbers or numbers.
  void label(const Value& position) {
    const Preprocessing& p = model_.preprocessing;
    const Shape shape{static_cast<std::int64_t>(p.classes.size())};
    ElementType type = TensorProto::STRING;
    Value table;
    if (!p.numeric_classes) {
      table = graph_.constant("classes", shape, p.classes);
    } else {
      const std::vector<double> numbers = data::class_numbers(p.classes);
      const bool whole = std::all_of(numbers.begin(), numbers.end(),
                                     [](double v) { return v == std::floor(v) && std::fabs(v) <= kLargestExact; });
      type = whole ? TensorProto::INT64 : number_;
      if (whole) {
        table = graph_.constant("classes", shape, Shape(numbers.begin(), numbers.end()));
      } else if (type == TensorProto::DOUBLE) {
        table = graph_.constant("classes", shape, numbers);
      } else {
        table = graph_.constant("classes", shape, std::vector<float>(numbers.begin(), numbers.end()));
      }
    }
    const Value prediction = graph_.add({.op = "Gather", .inputs = {table, position}, .result = "prediction"});
    graph_.output(prediction, type, 0, "The most probable class");
  }

  GraphBuilder& graph_;
  const Model& model_;
  ElementType number_;
};

}  // namespace

void add_outputs(GraphBuilder& graph, const Model& model, const Value& raw, const OnnxOptions& options) {
  OutputGraph outputs(graph, model, options);
  if (!model.spec.is_classifier()) {
    outputs.regression(raw);
  } else if (model.spec.loss.kind == LossKind::kCrossEntropy) {
    outputs.cross_entropy(raw);
  } else {
    outputs.two_classes(raw);
  }
}

}  // namespace slalom::onnx_export
