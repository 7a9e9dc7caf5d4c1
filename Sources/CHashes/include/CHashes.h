// Hashes that checkpoints and data are held against, with the processor's own instructions where it has them.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// SHA-256 (FIPS 180-4) of so many blocks of 64 bytes, which change the eight words of `state`.
void ch_sha256(uint32_t *state, const uint8_t *bytes, size_t blocks);

/// The same without the processor's instructions for it, to compare with.
void ch_sha256_plain(uint32_t *state, const uint8_t *bytes, size_t blocks);
