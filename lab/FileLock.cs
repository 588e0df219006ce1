namespace DmaBuf.Lab;

/// <summary>A lock between processes, held as long as a file is open.</summary>
public static class FileLock
{
    private const int EWOULDBLOCK = 11;

    /// <summary>Waits for the lock and returns it; disposing the returned object releases it.</summary>
    public static async Task<IDisposable> AcquireAsync(string path, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException failure) when (failure.HResult == EWOULDBLOCK)
            {
                await Task.Delay(200, cancellationToken);
            }
        }
    }
}
