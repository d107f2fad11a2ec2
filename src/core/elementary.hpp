// SPDX-License-Identifier: Apache-2.0
// exp and log1p on the ranges that losses need, tanh and erfc. In float32 on the host: branch-free, so that loops over rows vectorise,
// and the same bits at every vector width. In float64 and on devices: the library's.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <type_traits>

#include "core/hd.hpp"

namespace slalom::core {

/// exp(x) for x <= 0 or NaN. float32 on the host: within 2 ulp, and 0 below -87.3, where the result would be subnormal.
template <class Real>
SLALOM_HD Real exp_negative(Real x) {
#if !defined(__CUDA_ARCH__)
  if constexpr (std::is_same_v<Real, float>) {
    // x = n log 2 + r with |r| <= log(2) / 2; exp(r) by its Taylor series, whose remainder is below 2^-26.
    constexpr float kLowest = -87.3F;
    constexpr float kLog2E = 1.44269504F;
    constexpr float kLog2High = 0.693359375F;  // 9 bits: n times it is exact
    constexpr float kLog2Low = -2.12194440e-4F;
    constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it rounds to an integer, which is then in the low bits
    const float bounded = x < kLowest ? kLowest : x;
    const float shifted = bounded * kLog2E + kRound;
    const float n = shifted - kRound;
    const float r = (bounded - n * kLog2High) - n * kLog2Low;
    const float tail = ((((1.0F / 5040 * r + 1.0F / 720) * r + 1.0F / 120) * r + 1.0F / 24) * r + 1.0F / 6) * r + 0.5F;
    const float of_r = 1.0F + (r + r * r * tail);
    const auto exponent = (std::bit_cast<std::uint32_t>(shifted) + 127U) << 23U;
    const float result = of_r * std::bit_cast<float>(exponent);
    return x < kLowest ? 0.0F : result;
  }
#endif
  return std::exp(x);
}

/// log(1 + u) for u in [0, 1] or NaN. float32 on the host: within 2 ulp.
template <class Real>
SLALOM_HD Real log1p_unit(Real u) {
#if !defined(__CUDA_ARCH__)
  if constexpr (std::is_same_v<Real, float>) {
    // 2 artanh(s) with s = u / (2 + u) <= 1/3; the series' remainder is below 2^-26.
    const float s = u / (2.0F + u);
    const float q = s * s;
    const float tail =
        (((((1.0F / 13 * q + 1.0F / 11) * q + 1.0F / 9) * q + 1.0F / 7) * q + 1.0F / 5) * q + 1.0F / 3) * q;
    return 2.0F * (s + s * tail);
  }
#endif
  return std::log1p(u);
}

/// tanh(x). float32 on the host: within 3 ulp.
template <class Real>
SLALOM_HD Real tanh_of(Real x) {
#if !defined(__CUDA_ARCH__)
  if constexpr (std::is_same_v<Real, float>) {
    // Far from 0 by its exponential, near 0 by Cephes' polynomial (Moshier, tanhf), which keeps the relative accuracy.
    const float size = std::fabs(x);
    const float e = exp_negative(-2.0F * size);
    const float far = 1.0F - 2.0F * e / (1.0F + e);
    const float q = x * x;
    const float tail =
        (((-5.70498872745e-3F * q + 2.06390887954e-2F) * q - 5.37397155531e-2F) * q + 1.33314422036e-1F) * q -
        3.33332819422e-1F;
    const float near = x + x * q * tail;
    return size < 0.625F ? near : (x < 0.0F ? -far : far);
  }
#endif
  return std::tanh(x);
}

/// erfc(x). float32 on the host: a relative error below 1e-6 (1 + x^2), and 0 beyond x = 9.2.
template <class Real>
SLALOM_HD Real erfc_of(Real x) {
#if !defined(__CUDA_ARCH__)
  if constexpr (std::is_same_v<Real, float>) {
    // Press et al., Numerical Recipes in C, 2nd edition, section 6.2: a Chebyshev fit, 1.2e-7 before rounding.
    const float size = std::fabs(x);
    const float t = 1.0F / (1.0F + 0.5F * size);
    const float fit =
        ((((((((0.17087277F * t - 0.82215223F) * t + 1.48851587F) * t - 1.13520398F) * t + 0.27886807F) * t -
            0.18628806F) *
               t +
           0.09678418F) *
              t +
          0.37409196F) *
             t +
         1.00002368F) *
            t -
        1.26551223F;
    const float positive = t * exp_negative(fit - size * size);
    return x < 0.0F ? 2.0F - positive : positive;
  }
#endif
  return std::erfc(x);
}

}  // namespace slalom::core
