namespace DmaBuf.Lab;

/// <summary>The lab cannot do what was asked; the message says why and what to do.</summary>
public sealed class LabException : Exception
{
    /// <summary>Creates the exception with a message for a person.</summary>
    public LabException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with a message for a person and its cause.</summary>
    public LabException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Creates the exception without a message.</summary>
    public LabException()
    {
    }
}
