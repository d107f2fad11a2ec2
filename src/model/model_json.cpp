// SPDX-License-Identifier: Apache-2.0
// Converts model descriptions to JSON and back, trusting nothing.
#include "model/model_json.hpp"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include <slalom/error.hpp>

#include "model/untrusted_json.hpp"

namespace slalom::model_io {
namespace {

using Json = nlohmann::ordered_json;

template <class Enum>
Enum enum_of(const Json& json, const char* key) {
  const auto name = json.at(key).get<std::string>();
  const auto value = find_by_name<Enum>(name);
  if (!value) throw DataError("unknown " + std::string(EnumNames<Enum>::kWhat) + " '" + name + "'");
  return *value;
}

Json spec_json(const ModelSpec& s) {
  return {{"kind", name_of(s.kind)},
          {"features", s.n_features},
          {"outputs", s.n_outputs},
          {"hidden", s.hidden},
          {"activation", name_of(s.activation)},
          {"batch_norm", s.batch_norm},
          {"dropout", s.dropout},
          {"loss", name_of(s.loss.kind)},
          {"huber_delta", s.loss.huber_delta},
          {"quantile", s.loss.quantile}};
}

ModelSpec spec_of(const Json& j) {
  ModelSpec s;
  s.kind = enum_of<ModelKind>(j, "kind");
  s.n_features = whole_number(j.at("features"));
  s.n_outputs = whole_number(j.at("outputs"));
  for (const Json& width : j.at("hidden")) s.hidden.push_back(whole_number(width));
  s.activation = enum_of<Activation>(j, "activation");
  s.batch_norm = j.at("batch_norm").get<bool>();
  s.dropout = j.at("dropout").get<double>();
  s.loss.kind = enum_of<LossKind>(j, "loss");
  s.loss.huber_delta = j.at("huber_delta").get<double>();
  s.loss.quantile = j.at("quantile").get<double>();
  return s;
}

Json statistics_json(const ColumnStatistics& s) {
  if (s.shares.empty()) return {{"missing", s.missing}, {"mean", s.mean}, {"deviation", s.deviation}};
  return {{"missing", s.missing}, {"shares", s.shares}};
}

ColumnStatistics statistics_of(const Json& j) {
  ColumnStatistics s;
  s.missing = j.at("missing").get<double>();
  if (j.contains("shares")) {
    s.shares = j.at("shares").get<std::vector<double>>();
  } else {
    s.mean = j.at("mean").get<double>();
    s.deviation = j.at("deviation").get<double>();
  }
  return s;
}

Json input_json(const InputColumn& c) {
  Json json = {{"name", c.name}};
  if (c.categorical) {
    json.update({{"categories", c.categories}, {"other", c.has_other}, {"fill_code", c.fill_code}});
  } else {
    json["fill"] = c.fill;
  }
  if (c.statistics) json["statistics"] = statistics_json(*c.statistics);
  return json;
}

InputColumn input_of(const Json& j) {
  InputColumn c;
  c.name = j.at("name").get<std::string>();
  c.categorical = j.contains("categories");
  if (j.contains("statistics")) c.statistics = statistics_of(j.at("statistics"));
  if (!c.categorical) {
    c.fill = j.at("fill").get<double>();
    return c;
  }
  c.categories = j.at("categories").get<std::vector<std::string>>();
  c.has_other = j.at("other").get<bool>();
  c.fill_code = whole_number<std::int32_t>(j.at("fill_code"));
  if (c.width() > 0 && c.fill_code >= c.width()) throw DataError("column '" + c.name + "': fill_code is out of range");
  if (!std::is_sorted(c.categories.begin(), c.categories.end())) {
    throw DataError("column '" + c.name + "': categories are not in order");
  }
  return c;
}

Json preprocessing_json(const Preprocessing& p) {
  Json inputs = Json::array();
  for (const InputColumn& input : p.inputs) inputs.push_back(input_json(input));
  Json target_statistics = Json::array();
  for (const ColumnStatistics& s : p.target_statistics) target_statistics.push_back(statistics_json(s));
  return {{"inputs", inputs},
          {"offset", p.offset},
          {"scale", p.scale},
          {"missing", name_of(p.missing)},
          {"targets", p.targets},
          {"classes", p.classes},
          {"numeric_classes", p.numeric_classes},
          {"target_offset", p.target_offset},
          {"target_scale", p.target_scale},
          {"class_weights", p.class_weights},
          {"weight_column", p.weight_column},
          {"target_statistics", target_statistics}};
}

Preprocessing preprocessing_of(const Json& j) {
  Preprocessing p;
  for (const Json& input : j.at("inputs")) p.inputs.push_back(input_of(input));
  p.offset = j.at("offset").get<std::vector<double>>();
  p.scale = j.at("scale").get<std::vector<double>>();
  p.missing = enum_of<MissingPolicy>(j, "missing");
  p.targets = j.at("targets").get<std::vector<std::string>>();
  p.classes = j.at("classes").get<std::vector<std::string>>();
  p.numeric_classes = j.at("numeric_classes").get<bool>();
  p.target_offset = j.at("target_offset").get<std::vector<double>>();
  p.target_scale = j.at("target_scale").get<std::vector<double>>();
  p.class_weights = j.at("class_weights").get<std::vector<double>>();
  p.weight_column = j.at("weight_column").get<std::string>();
  if (j.contains("target_statistics")) {
    for (const Json& s : j.at("target_statistics")) p.target_statistics.push_back(statistics_of(s));
  }
  return p;
}

void require(bool ok, const char* what) {
  if (!ok) throw DataError(what);
}

/// That the parts fit each other, so that nothing after this has to check sizes.
void check(const Model& model) {
  const Preprocessing& p = model.preprocessing;
  try {
    validate(model.spec);
  } catch (const UsageError& error) {
    throw DataError(error.what());
  }
  std::int64_t width = 0;
  for (const InputColumn& input : p.inputs) {
    width += input.width();
    const auto n_shares = input.categorical ? input.width() : 0;
    require(!input.statistics || static_cast<std::int64_t>(input.statistics->shares.size()) == n_shares,
            "the statistics of a column do not fit it");
  }
  require(p.target_statistics.empty() || p.target_statistics.size() == p.targets.size(),
          "the statistics of the targets do not fit them");
  for (const ColumnStatistics& s : p.target_statistics) {
    require(s.shares.size() == p.classes.size(), "the statistics of the targets do not fit them");
  }
  require(width == model.spec.n_features && p.n_features() == width,
          "the columns do not make the model's number of features");
  require(p.scale.size() == p.offset.size(), "offset and scale have different lengths");
  const auto positive = [](double v) { return std::isfinite(v) && v > 0.0; };
  require(std::all_of(p.scale.begin(), p.scale.end(), positive), "a scale is not above 0");
  require(std::all_of(p.target_scale.begin(), p.target_scale.end(), positive), "a target scale is not above 0");
  require(!p.targets.empty(), "there is no target");
  const auto outputs = static_cast<std::size_t>(model.spec.n_outputs);
  const auto not_negative = [](double v) { return std::isfinite(v) && v >= 0.0; };
  require((p.class_weights.empty() || p.class_weights.size() == p.classes.size()) &&
              std::all_of(p.class_weights.begin(), p.class_weights.end(), not_negative),
          "the class weights do not fit the classes");
  if (!model.spec.is_classifier()) {
    require(p.classes.empty() && p.targets.size() == outputs && p.target_offset.size() == outputs &&
                p.target_scale.size() == outputs,
            "the targets do not fit the model's outputs");
  } else {
    require(p.targets.size() == 1 && p.target_offset.empty() && p.target_scale.empty(),
            "a classifier has one target, which is not scaled");
    const bool is_binary = model.spec.loss.kind != LossKind::kCrossEntropy;
    require(is_binary ? outputs == 1 && p.classes.size() == 2 : p.classes.size() == outputs,
            "the classes do not fit the model's outputs");
  }
}

}  // namespace

std::string to_json(const Model& model) {
  Json facts = Json::object();
  for (const auto& [key, value] : model.facts) facts[key] = value;
  const Json json = {
      {"spec", spec_json(model.spec)}, {"preprocessing", preprocessing_json(model.preprocessing)}, {"facts", facts}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Model from_json(std::string_view text) {
  try {
    const auto json = parse_untrusted<Json>(text);
    if (json.is_discarded()) throw MalformedJson("the description of the model is not JSON");
    Model model;
    model.spec = spec_of(json.at("spec"));
    model.preprocessing = preprocessing_of(json.at("preprocessing"));
    for (const auto& [key, value] : json.at("facts").items()) model.facts.emplace_back(key, value.get<std::string>());
    check(model);
    return model;
  } catch (const nlohmann::json::exception& error) {
    throw DataError(error.what());
  }
}

}  // namespace slalom::model_io
