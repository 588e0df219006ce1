namespace DmaBuf.Lab;

/// <summary>Thrown when the lab cannot do what was asked; the message says why and what to do.</summary>
public class LabException : Exception
{
    /// <summary>Creates the exception with a message for the user.</summary>
    public LabException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with a message for the user and its cause.</summary>
    public LabException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Creates the exception without a message.</summary>
    public LabException()
    {
    }
}
