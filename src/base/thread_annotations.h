// Names for Clang's thread-safety attributes (-Wthread-safety). Other compilers ignore them.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#if defined(__clang__)
#define RAT_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define RAT_THREAD_ATTRIBUTE(x)
#endif

#define RAT_CAPABILITY(name) RAT_THREAD_ATTRIBUTE(capability(name))
#define RAT_SCOPED_CAPABILITY RAT_THREAD_ATTRIBUTE(scoped_lockable)
#define RAT_GUARDED_BY(lock) RAT_THREAD_ATTRIBUTE(guarded_by(lock))
#define RAT_PT_GUARDED_BY(lock) RAT_THREAD_ATTRIBUTE(pt_guarded_by(lock))
#define RAT_REQUIRES(...) RAT_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define RAT_EXCLUDES(...) RAT_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define RAT_ACQUIRE(...) RAT_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define RAT_RELEASE(...) RAT_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
#define RAT_TRY_ACQUIRE(...) RAT_THREAD_ATTRIBUTE(try_acquire_capability(__VA_ARGS__))
#define RAT_NO_THREAD_SAFETY_ANALYSIS RAT_THREAD_ATTRIBUTE(no_thread_safety_analysis)
