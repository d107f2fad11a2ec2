// SPDX-License-Identifier: Apache-2.0
// Writes a model as an ONNX file.
#include <slalom/onnx.hpp>

#include <limits>

#include <nlohmann/json.hpp>

#include <slalom/error.hpp>
#include <slalom/version.hpp>

#include "data/atomic_file.hpp"
#include "model/model_json.hpp"
#include "model/onnx/parts.hpp"

namespace slalom {
namespace {

// The oldest versions with the operators as they are used: ONNX 1.8 (2020), onnxruntime 1.6.
constexpr std::int64_t kIrVersion = 7;
constexpr std::int64_t kOpset = 13;
constexpr std::int64_t kMlOpset = 2;

constexpr std::size_t kLargestFile = std::numeric_limits<std::int32_t>::max();  // of one protobuf message

void add_opset(::onnx::ModelProto& proto, const char* domain, std::int64_t version) {
  ::onnx::OperatorSetIdProto& opset = *proto.add_opset_import();
  opset.set_domain(domain);
  opset.set_version(version);
}

void add_metadata(::onnx::ModelProto& proto, const std::string& key, const std::string& value) {
  ::onnx::StringStringEntryProto& entry = *proto.add_metadata_props();
  entry.set_key(key);
  entry.set_value(value);
}

std::string json_list(const std::vector<std::string>& texts) {
  return nlohmann::json(texts).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

::onnx::ModelProto make_proto(const Model& model, const OnnxOptions& options) {
  const ParameterLayout layout(model.spec);
  if (model.parameters.size() != static_cast<std::size_t>(layout.n_total)) {
    throw DataError("the model has " + std::to_string(model.parameters.size()) + " parameters, expected " +
                    std::to_string(layout.n_total));
  }
  ::onnx::ModelProto proto;
  proto.set_ir_version(kIrVersion);
  proto.set_producer_name("slalom");
  proto.set_producer_version(kVersion);
  add_opset(proto, "", kOpset);
  add_opset(proto, onnx_export::kMlDomain, kMlOpset);
  add_metadata(proto, "model", model_io::to_json(model));
  add_metadata(proto, "targets", json_list(model.preprocessing.targets));
  if (!model.preprocessing.classes.empty()) add_metadata(proto, "classes", json_list(model.preprocessing.classes));

  proto.mutable_graph()->set_name("slalom");
  onnx_export::GraphBuilder graph(*proto.mutable_graph());
  const onnx_export::Value features = onnx_export::add_features(graph, model.preprocessing, options);
  const onnx_export::Value raw = onnx_export::add_network(graph, model, features);
  onnx_export::add_outputs(graph, model, raw, options);
  return proto;
}

}  // namespace

void export_onnx(const Model& model, const std::string& path, const OnnxOptions& options) {
  AtomicFile file(path);
  const ::onnx::ModelProto proto = make_proto(model, options);
  const std::size_t size = proto.ByteSizeLong();
  if (size > kLargestFile) {
    throw DataError(path + ": the model takes " + std::to_string(size) + " bytes as ONNX, expected at most " +
                    std::to_string(kLargestFile));
  }
  file.write(proto.SerializeAsString());
  file.commit();
}

}  // namespace slalom
