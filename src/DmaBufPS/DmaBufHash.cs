using DmaBuf.Buffers;

namespace DmaBufPS;

/// <summary>
/// A hash of a range of a buffer. Its property names are those of Get-FileHash and of parameters, so that it can be
/// piped to a cmdlet that reads the same range.
/// </summary>
/// <param name="Buffer">The buffer.</param>
/// <param name="Algorithm">The algorithm's name.</param>
/// <param name="Hash">The digest in upper-case hexadecimal.</param>
/// <param name="Offset">The first byte hashed.</param>
/// <param name="Count">How many bytes were hashed.</param>
public sealed record DmaBufHash(DmaBuffer Buffer, string Algorithm, string Hash, long Offset, long Count);
