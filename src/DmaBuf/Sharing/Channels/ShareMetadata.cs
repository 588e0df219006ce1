using System.Text;
using DmaBuf.Buffers;
using DmaBuf.Errors;

namespace DmaBuf.Sharing.Channels;

/// <summary>What the exporter says of a share beside its size. The importer gets it, and every change of it.</summary>
public sealed record ShareMetadata
{
    /// <summary>The most bytes of <see cref="Name"/> in UTF-8.</summary>
    public const int MaxNameBytes = 64;

    /// <summary>The most bytes of <see cref="PrivateData"/>.</summary>
    public const int MaxPrivateData = 192;

    /// <summary>Neither name, nor picture, nor data.</summary>
    public static ShareMetadata Empty { get; } = new();

    /// <summary>A name for people, or "".</summary>
    public string Name { get; init; } = "";

    /// <summary>The user's own bytes.</summary>
    public ReadOnlyMemory<byte> PrivateData { get; init; }

    /// <summary>The picture in the buffer, or null.</summary>
    public PictureLayout? Picture { get; init; }

    /// <summary>Whether all of it is equal.</summary>
    public bool Equals(ShareMetadata? other) => other is not null
        && Name == other.Name
        && Equals(Picture, other.Picture)
        && PrivateData.Span.SequenceEqual(other.PrivateData.Span);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, PrivateData.Length, Picture);

    /// <summary>Refuses what is too long for the protocol, and planes that are not inside the buffer.</summary>
    /// <param name="size">The buffer's size in bytes.</param>
    /// <exception cref="ShareException">BadMetadata.</exception>
    internal void Check(long size)
    {
        if (Encoding.UTF8.GetByteCount(Name) > MaxNameBytes)
            throw Bad($"The name '{Name}' has more than {MaxNameBytes} bytes of UTF-8.", "Use a shorter name.");
        if (PrivateData.Length > MaxPrivateData)
        {
            throw Bad(
                $"{PrivateData.Length} bytes of private data are more than {MaxPrivateData}.",
                "Put the rest into the buffer itself.");
        }

        if (Picture?.ProblemIn(size) is { } problem)
            throw Bad(problem, "Give each plane's offset and stride in bytes, inside the buffer.");
    }

    private static ShareException Bad(string message, string action) =>
        new(ShareFault.BadMetadata, message, action);
}
