// SPDX-License-Identifier: Apache-2.0
// Converts Arrow arrays to slalom's columns.
#include "data/arrow_column.hpp"

#include <arrow/array.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <arrow/util/float16.h>
#include <fmt/format.h>

#include <limits>
#include <string_view>
#include <vector>

#include "data/cell_text.hpp"
#include "slalom/error.hpp"

namespace slalom {
namespace {

constexpr double kMillisecondsPerDay = 86'400'000.0;

/// How many units of a timestamp, time or duration type make a second.
template <class TimeType>
double units_per_second(const arrow::Array& array) {
  switch (static_cast<const TimeType&>(*array.type()).unit()) {
    case arrow::TimeUnit::SECOND: return 1;
    case arrow::TimeUnit::MILLI: return 1e3;
    case arrow::TimeUnit::MICRO: return 1e6;
    case arrow::TimeUnit::NANO: break;
  }
  return 1e9;
}

/// Appends value(i), or a missing cell, for every element.
template <class ArrayType, class Add>
void append_each(const arrow::Array& array, TypedColumn& column, const Add& add) {
  const auto& typed = static_cast<const ArrayType&>(array);
  for (std::int64_t i = 0; i < typed.length(); ++i) {
    if (typed.IsNull(i)) {
      column.add_missing();
    } else {
      add(typed, i);
    }
  }
}

/// Numbers with a raw C value, divided by `unit`.
template <class ArrayType>
void append_numbers(const arrow::Array& array, TypedColumn& column, double unit = 1) {
  append_each<ArrayType>(array, column, [&](const ArrayType& typed, std::int64_t i) {
    column.add_number(static_cast<double>(typed.Value(i)) / unit);
  });
}

template <class ArrayType>
void append_texts(const arrow::Array& array, TypedColumn& column) {
  append_each<ArrayType>(array, column,
                         [&](const ArrayType& typed, std::int64_t i) { column.add_text(typed.GetView(i)); });
}

template <class ArrayType, class Decimal>
void append_decimals(const arrow::Array& array, TypedColumn& column) {
  const std::int32_t scale = static_cast<const arrow::DecimalType&>(*array.type()).scale();
  append_each<ArrayType>(array, column, [&](const ArrayType& typed, std::int64_t i) {
    column.add_number(Decimal(typed.GetValue(i)).ToDouble(scale));
  });
}

/// The dictionary's values are read once, as categories or as numbers like the column, and then looked up.
void append_dictionary(const arrow::Array& array, TypedColumn& column) {
  const auto& dictionary = static_cast<const arrow::DictionaryArray&>(array);
  TypedColumn values("dictionary", column.name(), true);
  append_array(*dictionary.dictionary(), values);
  const Column read = values.take();
  const CategoricalColumn& texts = read.categorical();
  for (std::int64_t i = 0; i < array.length(); ++i) {
    const std::int32_t code = array.IsNull(i) ? CategoricalColumn::kMissing
                                              : texts.codes[static_cast<std::size_t>(dictionary.GetValueIndex(i))];
    if (code == CategoricalColumn::kMissing) {
      column.add_missing();
    } else {
      column.add_text(texts.categories[static_cast<std::size_t>(code)]);
    }
  }
}

}  // namespace

bool is_categorical_type(const arrow::DataType& type, const std::string& source, const std::string& column) {
  using arrow::Type;
  switch (type.id()) {
    case Type::NA:
    case Type::INT8:
    case Type::INT16:
    case Type::INT32:
    case Type::INT64:
    case Type::UINT8:
    case Type::UINT16:
    case Type::UINT32:
    case Type::UINT64:
    case Type::HALF_FLOAT:
    case Type::FLOAT:
    case Type::DOUBLE:
    case Type::DECIMAL32:
    case Type::DECIMAL64:
    case Type::DECIMAL128:
    case Type::DECIMAL256:
    case Type::DATE32:
    case Type::DATE64:
    case Type::TIMESTAMP:
    case Type::TIME32:
    case Type::TIME64:
    case Type::DURATION: return false;
    case Type::BOOL:
    case Type::STRING:
    case Type::LARGE_STRING:
    case Type::STRING_VIEW:
    case Type::BINARY:
    case Type::LARGE_BINARY:
    case Type::BINARY_VIEW: return true;
    case Type::DICTIONARY:
      (void)is_categorical_type(*static_cast<const arrow::DictionaryType&>(type).value_type(), source, column);
      return true;
    default: break;
  }
  throw DataError(
      fmt::format("{}, column {}: has type {}, expected numbers, booleans, text, dates or a dictionary of them", source,
                  quote_for_message(column), type.ToString()));
}

void append_array(const arrow::Array& array, TypedColumn& column) {
  using arrow::Type;
  switch (array.type_id()) {
    case Type::NA:
      for (std::int64_t i = 0; i < array.length(); ++i) column.add_missing();
      return;
    case Type::BOOL:
      return append_each<arrow::BooleanArray>(array, column, [&](const arrow::BooleanArray& typed, std::int64_t i) {
        column.add_text(typed.Value(i) ? "true" : "false");
      });
    case Type::INT8: return append_numbers<arrow::Int8Array>(array, column);
    case Type::INT16: return append_numbers<arrow::Int16Array>(array, column);
    case Type::INT32: return append_numbers<arrow::Int32Array>(array, column);
    case Type::INT64: return append_numbers<arrow::Int64Array>(array, column);
    case Type::UINT8: return append_numbers<arrow::UInt8Array>(array, column);
    case Type::UINT16: return append_numbers<arrow::UInt16Array>(array, column);
    case Type::UINT32: return append_numbers<arrow::UInt32Array>(array, column);
    case Type::UINT64: return append_numbers<arrow::UInt64Array>(array, column);
    case Type::FLOAT: return append_numbers<arrow::FloatArray>(array, column);
    case Type::DOUBLE: return append_numbers<arrow::DoubleArray>(array, column);
    case Type::HALF_FLOAT:
      return append_each<arrow::HalfFloatArray>(array, column, [&](const arrow::HalfFloatArray& typed, std::int64_t i) {
        column.add_number(arrow::util::Float16::FromBits(typed.Value(i)).ToDouble());
      });
    case Type::DECIMAL32: return append_decimals<arrow::Decimal32Array, arrow::Decimal32>(array, column);
    case Type::DECIMAL64: return append_decimals<arrow::Decimal64Array, arrow::Decimal64>(array, column);
    case Type::DECIMAL128: return append_decimals<arrow::Decimal128Array, arrow::Decimal128>(array, column);
    case Type::DECIMAL256: return append_decimals<arrow::Decimal256Array, arrow::Decimal256>(array, column);
    case Type::DATE32: return append_numbers<arrow::Date32Array>(array, column);
    case Type::DATE64: return append_numbers<arrow::Date64Array>(array, column, kMillisecondsPerDay);
    case Type::TIMESTAMP:
      return append_numbers<arrow::TimestampArray>(array, column, units_per_second<arrow::TimestampType>(array));
    case Type::TIME32:
      return append_numbers<arrow::Time32Array>(array, column, units_per_second<arrow::Time32Type>(array));
    case Type::TIME64:
      return append_numbers<arrow::Time64Array>(array, column, units_per_second<arrow::Time64Type>(array));
    case Type::DURATION:
      return append_numbers<arrow::DurationArray>(array, column, units_per_second<arrow::DurationType>(array));
    case Type::STRING: return append_texts<arrow::StringArray>(array, column);
    case Type::LARGE_STRING: return append_texts<arrow::LargeStringArray>(array, column);
    case Type::STRING_VIEW: return append_texts<arrow::StringViewArray>(array, column);
    case Type::BINARY: return append_texts<arrow::BinaryArray>(array, column);
    case Type::LARGE_BINARY: return append_texts<arrow::LargeBinaryArray>(array, column);
    case Type::BINARY_VIEW: return append_texts<arrow::BinaryViewArray>(array, column);
    case Type::DICTIONARY: return append_dictionary(array, column);
    default: throw Error(ExitCode::kSoftware, "append_array: the type was not checked: " + array.type()->ToString());
  }
}

}  // namespace slalom
