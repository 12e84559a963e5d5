// Limits of the streaming protocol (docs/streaming.md). The names are those of the table
// [streaming] of the configuration.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>

namespace rat_memcache::config {

struct StreamingOptions {
  // Off: its commands are unknown.
  bool enabled = true;
  // Bytes of a chunk of a download that names no size.
  uint32_t default_chunk_size = 4096;
  // Bytes; of downloads and uploads.
  uint32_t max_chunk_size = 1 << 20;
  // Of one upload.
  uint32_t max_chunks = 65536;
  uint32_t max_uploads_per_connection = 16;
  // Bytes of chunks that wait for the end of their upload, of all connections together.
  size_t max_upload_memory = size_t{64} << 20;
  // Seconds without a word about an upload, after which it is given up.
  uint32_t upload_timeout = 60;
};

}  // namespace rat_memcache::config
