using System.Text;
using DmaBuf.Buffers;

namespace DmaBufPS;

/// <summary>Content in the order in which it came: text and bytes, and files to read.</summary>
internal sealed class ContentParts(Encoding encoding)
{
    /// <summary>A byte[] or a MemoryStream, or the path of a file as a string.</summary>
    private readonly List<object> _parts = [];
    private bool _endsWithText;

    /// <summary>Adds a string, bytes or a file. A line feed separates strings that follow each other.</summary>
    public void Add(object content)
    {
        switch (content)
        {
            case FileSystemInfo file:
                _parts.Add(file.FullName);
                break;
            case string text:
                AddBytes(encoding.GetBytes(_endsWithText ? $"\n{text}" : text));
                break;
            default:
                AddBytes((byte[])content);
                break;
        }

        _endsWithText = content is string;
    }

    /// <summary>Writes all parts, or their first <paramref name="count"/> bytes.</summary>
    /// <param name="writerAt">Makes a writer that starts so many bytes after the first one.</param>
    /// <param name="count">How many bytes to write at most.</param>
    public void Write(Func<long, ContentWriter> writerAt, long? count)
    {
        long done = 0;
        foreach (var part in _parts)
        {
            var writer = writerAt(done);
            var rest = count - done;
            done += part is string path ? writer.WriteFile(path, rest) : Write(writer, BytesOf(part), rest);
        }
    }

    private static int Write(ContentWriter writer, ReadOnlyMemory<byte> bytes, long? count)
    {
        var length = (int)Math.Min(count ?? long.MaxValue, bytes.Length);
        writer.Write(bytes[..length]);
        return length;
    }

    private static ReadOnlyMemory<byte> BytesOf(object part) =>
        part is MemoryStream block ? block.GetBuffer().AsMemory(0, (int)block.Length) : (byte[])part;

    /// <summary>Single bytes from the pipeline are gathered, so that one access writes them all, or none.</summary>
    private void AddBytes(byte[] bytes)
    {
        switch (_parts.LastOrDefault())
        {
            case MemoryStream block:
                block.Write(bytes);
                break;
            case byte[] first:
                var both = new MemoryStream();
                both.Write(first);
                both.Write(bytes);
                _parts[^1] = both;
                break;
            default:
                _parts.Add(bytes);
                break;
        }
    }
}
