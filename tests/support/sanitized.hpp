// SPDX-License-Identifier: Apache-2.0
// How much work tests do under a sanitizer.
#pragma once

namespace slalom::testing {

#if !defined(__has_feature)  // GCC, with whose sanitizers tests take their time
inline constexpr bool kSanitized = false;
#else
inline constexpr bool kSanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#endif

/// Divides sizes that only make a test's case larger: under a sanitizer, unoptimised, the same takes about so many times
/// as long. Never what decides which code runs.
inline constexpr int kSlowdown = kSanitized ? 10 : 1;

}  // namespace slalom::testing
