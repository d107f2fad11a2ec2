// SPDX-License-Identifier: Apache-2.0
// Numbers ready for training: a row-major feature matrix with targets, labels and weights.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <string>
#include <vector>

namespace slalom {

/// Allocates on 64-byte boundaries, so that rows can be read with aligned vector loads and uploaded without copying.
template <class T>
struct CacheAlignedAllocator {
  using value_type = T;
  static constexpr std::align_val_t kAlignment{64};
  CacheAlignedAllocator() = default;
  template <class U>
  explicit CacheAlignedAllocator(const CacheAlignedAllocator<U>&) noexcept {}
  [[nodiscard]] T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), kAlignment)); }
  void deallocate(T* pointer, std::size_t) noexcept { ::operator delete(pointer, kAlignment); }
  friend bool operator==(const CacheAlignedAllocator&, const CacheAlignedAllocator&) noexcept { return true; }
};

using AlignedFloats = std::vector<float, CacheAlignedAllocator<float>>;

/// Floats from one stored row to the next: d rounded up to a power of two up to 8, then to a multiple of 8 (32 bytes,
/// one DRAM sector), so that every row starts on a sector boundary. The padding is zero.
[[nodiscard]] constexpr std::int64_t row_stride(std::int64_t n_features) noexcept {
  if (n_features <= 1) return 1;
  if (n_features <= 2) return 2;
  if (n_features <= 4) return 4;
  return (n_features + 7) / 8 * 8;
}

/// A borrowed row-major float32 matrix X: [n_rows, n_features], rows `stride` floats apart.
struct FeatureView {
  const float* data = nullptr;
  std::int64_t n_rows = 0;
  std::int64_t n_features = 0;
  std::int64_t stride = 0;
  [[nodiscard]] const float* row(std::int64_t i) const noexcept { return data + i * stride; }
};

/// X with what is to be predicted. Exactly one of `targets` and `labels` is filled (both may be empty for prediction):
/// - targets: [n_rows, n_targets] float32; regression targets (standardised), or 0/1 for bce and hinge;
/// - labels:  [n_rows] class indices 0..k-1 for cross-entropy.
struct Dataset {
  std::int64_t n_rows = 0;
  std::int64_t n_features = 0;
  std::int64_t n_targets = 0;
  AlignedFloats features;            ///< n_rows * row_stride(n_features)
  AlignedFloats targets;             ///< n_rows * n_targets
  std::vector<std::int32_t> labels;  ///< n_rows, or empty
  AlignedFloats
      weights;  ///< n_rows, or empty: every row counts 1. Sample weight x class weight, mean 1 over training rows
  /// original target = target_offset + target_scale * stored target, one per target; empty: not scaled
  std::vector<double> target_offset;
  std::vector<double> target_scale;

  [[nodiscard]] FeatureView view() const noexcept {
    return {features.data(), n_rows, n_features, row_stride(n_features)};
  }
};

}  // namespace slalom
