// SPDX-License-Identifier: Apache-2.0
// Builds an ONNX graph node by node, with unique names.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <onnx/onnx_pb.h>

namespace slalom::onnx_export {

/// A tensor of the graph by its name: an input, a constant, or what a node computes.
using Value = std::string;

using Shape = std::vector<std::int64_t>;

using ElementType = ::onnx::TensorProto::DataType;

/// The values are an operator's attribute as its schema types it.
using Attribute = std::pair<const char*, std::variant<std::int64_t, float, Shape, std::vector<std::string>>>;

/// An operation that is to be added.
struct Node {
  const char* op;
  std::vector<Value> inputs;
  std::string result;  ///< name of the value it computes; a number is added if the name is taken
  std::vector<Attribute> attributes = {};
  const char* domain = "";  ///< kMlDomain, or empty for ONNX's own operators
};

inline constexpr const char* kMlDomain = "ai.onnx.ml";

class GraphBuilder {
 public:
  /// Appends to `graph`, which must outlive the builder.
  explicit GraphBuilder(::onnx::GraphProto& graph) : graph_(graph) {}

  /// A graph input [N, 1] under exactly this name ("unnamed" if it is empty). Throws DataError if the name is taken:
  /// inputs come first, so two columns have it.
  Value input(const std::string& name, ElementType type, const std::string& description);

  /// Tensors that are part of the file; row-major, shape {} for a scalar. All names that follow are made unique.
  Value constant(const std::string& name, const Shape& shape, std::span<const float> values);
  Value constant(const std::string& name, const Shape& shape, std::span<const double> values);
  Value constant(const std::string& name, const Shape& shape, std::span<const std::int64_t> values);
  Value constant(const std::string& name, const Shape& shape, const std::vector<std::string>& values);

  Value add(const Node& node);

  /// `value` with another element type.
  Value cast(const Value& value, ElementType to, const std::string& result);

  /// Makes a value a graph output [N], or [N, columns] if columns > 0.
  void output(const Value& value, ElementType type, std::int64_t columns, const std::string& description);

 private:
  Value unique(const std::string& name);
  ::onnx::TensorProto& tensor(const std::string& name, const Shape& shape, ElementType type);

  ::onnx::GraphProto& graph_;
  std::set<std::string> names_;
};

}  // namespace slalom::onnx_export
